import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { orphanGuard } from './orphan-guard.ts';
import { isAlive, killGroup } from './run-command.ts';
import { reasonOf } from './say.ts';

const LOG_LIMIT_BYTES = 20_000_000;

export interface ChildPlan {
  /** For people, and the name of its log file. */
  name: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Folder of `<name>.log`. */
  logs: string;
}

/** How a child ended, in a few words: `code 1`, `SIGKILL`. */
export type Ending = string;

/** A child process in a group of its own, with its output in a log file; it never outlives this process. */
export class Child {
  readonly name: string;
  readonly logFile: string;
  /** Resolves when the process is gone, however it ended. */
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  readonly #lines = new Set<(line: string) => void>();

  private constructor(plan: ChildPlan, logFile: string, log: WriteStream) {
    this.name = plan.name;
    this.logFile = logFile;
    this.#process = spawn(plan.command, plan.args, {
      env: plan.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.ended = this.#follow(log);
  }

  /** Starts a process; its two outputs are appended to `<logs>/<name>.log`. */
  static async start(plan: ChildPlan): Promise<Child> {
    await mkdir(plan.logs, { recursive: true, mode: 0o700 });
    const logFile = join(plan.logs, `${plan.name}.log`);
    await rotate(logFile);
    return new Child(plan, logFile, createWriteStream(logFile, { flags: 'a', mode: 0o600 }));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Calls back with every line of the child's standard output from now on; returns how to stop that. */
  onLine(listener: (line: string) => void): () => void {
    this.#lines.add(listener);
    return () => this.#lines.delete(listener);
  }

  /**
   * Ends the child and everything it started: SIGTERM, and SIGKILL after `graceMs` milliseconds.
   * @returns how it ended
   */
  async stop(graceMs: number): Promise<Ending> {
    killGroup(this.#running(), 'SIGTERM');
    const timer = setTimeout(() => killGroup(this.#running(), 'SIGKILL'), graceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Last lines of the log, for an error message. */
  async logTail(lines = 5): Promise<string> {
    const file = await open(this.logFile);
    try {
      const { size } = await file.stat();
      const { buffer, bytesRead } = await file.read({
        buffer: Buffer.alloc(8_000),
        position: Math.max(0, size - 8_000),
      });
      return buffer.toString('utf8', 0, bytesRead).trim().split('\n').slice(-lines).join('\n');
    } finally {
      await file.close();
    }
  }

  #running(): number | undefined {
    const { pid, exitCode, signalCode } = this.#process;
    return pid !== undefined && exitCode === null && signalCode === null && isAlive(pid) ? pid : undefined;
  }

  #follow(log: WriteStream): Promise<Ending> {
    const { stdout, stderr, pid } = this.#process;
    stdout?.pipe(log, { end: false });
    stderr?.pipe(log, { end: false });
    if (stdout) {
      createInterface({ input: stdout }).on('line', (line) => {
        for (const listener of this.#lines) listener(line);
      });
    }
    if (pid !== undefined) orphanGuard.watch(pid);
    return new Promise((resolve) => {
      const finish = (ending: Ending): void => {
        if (pid !== undefined) {
          // Helpers of a child that crashed are still in its group.
          killGroup(pid, 'SIGKILL');
          orphanGuard.forget(pid);
        }
        log.end(() => resolve(ending));
      };
      this.#process.once('error', (error) => finish(reasonOf(error)));
      this.#process.once('exit', (code, signal) => finish(signal ?? `code ${code}`));
    });
  }
}

/** One older log is kept, so that weeks of running do not fill the disk. */
async function rotate(file: string): Promise<void> {
  const size = await stat(file).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_LIMIT_BYTES) await rename(file, `${file}.1`);
}
