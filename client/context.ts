import type { Connected } from './connect.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { type Output, processOutput } from './output.ts';
import { type ClientSettings, clientSettings } from './settings.ts';

/** What a command is given: settings, where to write, a connection when it asks for one, and the exit code it sets. */
export class CommandContext {
  readonly env: NodeJS.ProcessEnv;
  readonly settings: ClientSettings;
  readonly output: Output;
  exitCode: ExitCode = EXIT.ok;
  #connected: Promise<Connected> | undefined;

  constructor(env: NodeJS.ProcessEnv = process.env, output: Output = processOutput()) {
    this.env = env;
    this.settings = clientSettings(env);
    this.output = output;
  }

  /**
   * Connects to the Temporal server at the first call.
   * @throws CliError when no server answers.
   */
  connect(): Promise<Connected> {
    this.#connected ??= import('./connect.ts').then(({ connect }) =>
      connect({ home: this.settings.home, env: this.env }),
    );
    return this.#connected;
  }

  /** Closes the connection, if one was made. */
  async close(): Promise<void> {
    const connected = await this.#connected?.catch(() => undefined);
    await connected?.close();
  }
}
