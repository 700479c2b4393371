import { InvalidArgumentError } from '@commander-js/extra-typings';
import { LoopNameSchema } from '../loop/spec.ts';
import type { Connected } from './connect.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { type Output, processOutput } from './output.ts';
import { type ClientSettings, clientSettings } from './settings.ts';

/** What a command is given: settings, where to write, a connection when it asks for one, and the exit code it sets. */
export class CommandContext {
  readonly settings: ClientSettings;
  readonly output: Output;
  exitCode: ExitCode = EXIT.ok;
  #connected: Promise<Connected> | undefined;

  constructor(settings: ClientSettings = clientSettings(), output: Output = processOutput()) {
    this.settings = settings;
    this.output = output;
  }

  /**
   * Connects to the Temporal server at the first call.
   * @throws CliError when no server answers.
   */
  connect(): Promise<Connected> {
    this.#connected ??= import('./connect.ts').then(({ connect }) => connect({ home: this.settings.home }));
    return this.#connected;
  }

  /** Closes the connection, if one was made. */
  async close(): Promise<void> {
    const connected = await this.#connected?.catch(() => undefined);
    await connected?.close();
  }
}

/** Parses the LOOP argument of a command. */
export function loopName(text: string): string {
  const parsed = LoopNameSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It names no loop: ${parsed.error.issues[0]?.message}.`);
}
