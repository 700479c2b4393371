import { Worker } from 'node:worker_threads';
import { TaskFailure } from './failure.ts';
import type { FromThread, ResultOf, Results, Task, ThreadSettings, ToThread, Usage } from './protocol.ts';

/** A thread that does not stop by itself within this time after being asked is ended. */
const GRACE_MS = 10_000;

interface Waiting {
  resolve: (result: Results[Task['kind']]) => void;
  reject: (error: Error) => void;
  onUsage: ((usage: Usage) => void) | undefined;
}

/** A task was stopped because its caller asked for that. */
export class TaskAborted extends Error {
  override readonly name = 'TaskAborted';
}

/** One compute thread, started when first needed and again after it died. Tasks run in it side by side. */
export class ComputeLane {
  readonly #settings: ThreadSettings;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
  }

  /**
   * Runs a task.
   *
   * @throws {TaskFailure} with the contract's code, `unknown` when the thread died
   * @throws {TaskAborted} after the signal was aborted and the task has really stopped
   */
  async run<T extends Task>(
    task: T,
    options: { signal?: AbortSignal; onUsage?: (usage: Usage) => void } = {},
  ): Promise<ResultOf<T>> {
    const id = this.#nextId++;
    const worker = this.#start();
    let grace: NodeJS.Timeout | undefined;
    const abort = () => {
      this.#post(worker, { type: 'abort', id });
      grace = setTimeout(() => void worker.terminate(), GRACE_MS);
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      const done = new Promise<Results[Task['kind']]>((resolve, reject) =>
        this.#waiting.set(id, { resolve, reject, onUsage: options.onUsage }),
      );
      this.#post(worker, { type: 'run', id, task });
      if (options.signal?.aborted) abort();
      // The thread answers a task with the result of its kind.
      return (await done) as ResultOf<T>;
    } finally {
      clearTimeout(grace);
      options.signal?.removeEventListener('abort', abort);
    }
  }

  /** Stops what runs and ends the thread. */
  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    this.#post(worker, { type: 'close' });
    const grace = setTimeout(() => void worker.terminate(), GRACE_MS);
    await exited;
    clearTimeout(grace);
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL('./compute-thread.ts', import.meta.url), { workerData: this.#settings });
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (error) => this.#died(worker, error.message));
    worker.on('exit', () => this.#died(worker, 'it ended'));
    this.#worker = worker;
    return worker;
  }

  #post(worker: Worker, message: ToThread): void {
    worker.postMessage(message);
  }

  #receive(message: FromThread): void {
    const waiting = this.#waiting.get(message.id);
    if (message.type === 'usage') {
      waiting?.onUsage?.(message.usage);
      return;
    }
    this.#waiting.delete(message.id);
    if (message.type === 'result') waiting?.resolve(message.result);
    else if (message.type === 'aborted') waiting?.reject(new TaskAborted('The task was stopped'));
    else waiting?.reject(new TaskFailure(message.code, message.message, message.problems));
  }

  #died(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) {
      reject(new TaskFailure('unknown', `The compute thread stopped: ${reason}`));
    }
    this.#waiting.clear();
  }
}
