import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { reasonOf } from './say.ts';

const TAIL_LINES = 40;

export interface CommandOptions {
  /** The command and everything it started is killed after this many milliseconds. */
  timeoutMs: number;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Gets every line of both output streams as it comes. */
  onLine?: (line: string) => void;
}

export interface CommandResult {
  ok: boolean;
  /** The last lines of both output streams. */
  output: string;
  /** Why it is not ok, in a few words; empty when it is. */
  problem: string;
}

/**
 * Runs a command to its end, bounded in time. Never throws for what the command does: a missing program, a bad exit
 * code and a time-out are results. The command gets a process group of its own, so that its helpers end with it.
 */
export async function runCommand(command: string, args: string[], options: CommandOptions): Promise<CommandResult> {
  const child = launch(command, args, options);
  if (typeof child === 'string') return { ok: false, output: '', problem: child };
  const tail: string[] = [];
  const keep = (line: string): void => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    options.onLine?.(line);
  };
  createInterface({ input: child.stdout }).on('line', keep);
  createInterface({ input: child.stderr }).on('line', keep);
  const problem = await ending(child, options);
  return { ok: problem === '', output: tail.join('\n'), problem };
}

/** Some failures, a file of another processor among them, are thrown by `spawn` instead of being told by an event. */
function launch(
  command: string,
  args: string[],
  options: CommandOptions,
): ChildProcessByStdio<null, Readable, Readable> | string {
  const { cwd, env } = options;
  try {
    return spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(cwd !== undefined && { cwd }),
      ...(env !== undefined && { env }),
    });
  } catch (error) {
    return reasonOf(error);
  }
}

function ending(child: ChildProcess, options: CommandOptions): Promise<string> {
  return new Promise((resolve) => {
    let forced = '';
    const force = (why: string): void => {
      forced ||= why;
      killGroup(child.pid, 'SIGKILL');
    };
    const onAbort = (): void => force('interrupted');
    const onExit = (): void => killGroup(child.pid, 'SIGKILL');
    const timer = setTimeout(() => force(`no end after ${options.timeoutMs / 1000} s`), options.timeoutMs);
    const finish = (problem: string): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', onAbort);
      process.removeListener('exit', onExit);
      resolve(problem);
    };
    process.once('exit', onExit);
    options.signal?.addEventListener('abort', onAbort);
    if (options.signal?.aborted) onAbort();
    child.once('error', (error) => finish(reasonOf(error)));
    child.once('close', (code, signal) =>
      finish(forced || (code === 0 ? '' : `ended with ${signal ?? `code ${code}`}`)),
    );
  });
}

/**
 * Sends a signal to a process group; a group that is already gone is fine.
 * @param pid leader of the group; nothing happens without one
 */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

/** Whether a process of this id exists, ours or not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isGone(error);
  }
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ESRCH';
}
