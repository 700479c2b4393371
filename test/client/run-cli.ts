import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../../bin/program.ts';
import { CommandContext } from '../../client/context.ts';
import type { Output } from '../../client/output.ts';

const BIN = fileURLToPath(new URL('../../bin/deltaloop.ts', import.meta.url));

export interface CliRun {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  home: string;
  env?: Record<string, string>;
  /** What stands on standard input; nothing when absent. */
  input?: string;
  /** Told every piece of stdout, with a way to send a signal. */
  onOutput?: (soFar: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Starts `deltaloop` without a terminal and without the caller's Temporal settings. */
export function spawnCli(args: string[], { home, env = {} }: Pick<CliOptions, 'home' | 'env'>) {
  const inherited = Object.entries(process.env).filter(([key]) => !/^(TEMPORAL|DELTALOOP)_/.test(key));
  return spawn(process.execPath, [BIN, ...args], {
    env: { ...Object.fromEntries(inherited), HOME: home, DELTALOOP_HOME: home, ...env },
    stdio: 'pipe',
  });
}

/** The address that a command which serves says that it listens on. */
export async function urlOf({ stdout }: ReturnType<typeof spawnCli>): Promise<URL> {
  const [line] = (await once(stdout, 'data')) as [Buffer];
  return new URL((JSON.parse(line.toString()) as { url: string }).url);
}

/** Runs `deltaloop` as a person does, to its end. */
export async function deltaloop(args: string[], options: CliOptions): Promise<CliRun> {
  const { input = '', onOutput } = options;
  const child = spawnCli(args, options);
  // A command that does not read may have ended before it is written to.
  child.stdin.on('error', () => undefined).end(input);
  if (onOutput) {
    let soFar = '';
    child.stdout.on('data', (piece: Buffer) => {
      soFar += piece.toString();
      onOutput(soFar, (signal) => child.kill(signal));
    });
  }
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, stdout, stderr };
}

type InProcess = Pick<CliOptions, 'home' | 'env'> & {
  /** Columns of the terminal; without one when absent. */
  width?: number;
};

/** Runs `deltaloop` as above, but inside this process: many times quicker. */
export async function inProcess(args: string[], { home, env = {}, width }: InProcess): Promise<CliRun> {
  const output = recorder(width);
  const code = await runCommandLine(args, new CommandContext({ ...env, DELTALOOP_HOME: home }, output));
  return { code, stdout: lines(output.stdout), stderr: lines(output.stderr) };
}

function lines(written: string[]): string {
  return written.map((text) => (text.endsWith('\n') ? text : `${text}\n`)).join('');
}

/** An output that keeps what was written; a terminal of so many columns, or none. */
export function recorder(width?: number): Output & { stdout: string[]; stderr: string[] } {
  const stdout: string[] = [];
  const stderr: string[] = [];
  return {
    stdout,
    stderr,
    live: width !== undefined,
    width,
    data: (line) => void stdout.push(line),
    json: (document) => void stdout.push(JSON.stringify(document)),
    drained: async () => undefined,
    say: (line) => void stderr.push(line),
    style: (_tone, plain) => plain,
  };
}
