import { Child, type ChildPlan } from './child.ts';
import type { Running } from './kept-alive.ts';

const READY_MS = 90_000;
const STOP_MS = 20_000;

/** A process of ours that has said it is ready. */
export interface NodeService extends Running {
  /** What its ready line says, e.g. `{ready: true, url: …}`. */
  ready: Readonly<Record<string, unknown>>;
  pid: number | undefined;
}

export interface NodeServicePlan extends Omit<ChildPlan, 'command' | 'args'> {
  /** The program to run with this Node. */
  entry: string;
  signal?: AbortSignal | undefined;
}

/**
 * Starts one of our own programs with this Node and waits, at most 90 seconds, for its ready line: a line of JSON on its
 * standard output with `"ready": true`.
 * @throws Error when it ends before that, with the last words of its log
 */
export async function startNodeService(plan: NodeServicePlan): Promise<NodeService> {
  const { entry, signal, ...rest } = plan;
  const child = await Child.start({ ...rest, command: process.execPath, args: [entry] });
  try {
    const ready = await readyLine(child, signal);
    return { ready, pid: child.pid, ended: child.ended, stop: async () => void (await child.stop(STOP_MS)) };
  } catch (error) {
    await child.stop(STOP_MS);
    signal?.throwIfAborted();
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`${plan.name} does not come up: ${what}\n${await child.logTail()}\nIts log: ${child.logFile}`, {
      cause: error,
    });
  }
}

function readyLine(child: Child, signal: AbortSignal | undefined): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('interrupted'));
    const timer = setTimeout(() => reject(new Error(`not ready after ${READY_MS / 1000} s`)), READY_MS);
    const quiet = child.onLine((line) => {
      const ready = parseReady(line);
      if (ready === undefined) return;
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      quiet();
      resolve(ready);
    });
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    void child.ended.then((ending) => {
      clearTimeout(timer);
      reject(new Error(`it ended with ${ending}`));
    });
  });
}

function parseReady(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'ready' in value && value.ready === true
      ? { ...value }
      : undefined;
  } catch {
    return undefined;
  }
}
