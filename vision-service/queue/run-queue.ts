import type { Logger } from 'pino';
import type { PendingRun, RunStore, StoredRun } from '../store/runs.ts';
import { failureDetails, TaskFailure } from './failure.ts';
import { SerialLoop } from './serial-loop.ts';

/** What a queue works with. */
export interface RunQueueParts<Run extends StoredRun> {
  /** What is run, in words for logs and failures, e.g. `evaluation`. */
  what: string;
  runs: RunStore<Run>;
  /** Does one run and gives what it brought. */
  work: (item: PendingRun<Run>, signal: AbortSignal) => Promise<Partial<Run>>;
  /** Called after a run has ended, however. */
  ended?: (run: Run) => Promise<void>;
  log: Logger;
}

/** Does waiting runs one at a time, oldest first; those that a stopped service had begun are done again. */
export class RunQueue<Run extends StoredRun> {
  readonly #parts: RunQueueParts<Run>;
  readonly #stop = new AbortController();
  readonly #loop: SerialLoop;

  constructor(parts: RunQueueParts<Run>) {
    this.#parts = parts;
    this.#loop = new SerialLoop(
      () => this.#step(),
      (err) => parts.log.error({ err }, `the queue of ${parts.what}s stumbled`),
    );
  }

  /** Looks for work; called at the start and after every new run. */
  wake(): void {
    this.#loop.wake();
  }

  /** Stops what runs; the next start does it again. */
  async close(): Promise<void> {
    const closed = this.#loop.close();
    this.#stop.abort();
    await closed;
  }

  async #step(): Promise<boolean> {
    const item = this.#parts.runs.oldestPending();
    if (item !== undefined) await this.#do(item);
    return item !== undefined;
  }

  async #do(item: PendingRun<Run>): Promise<void> {
    const { runs, work, ended } = this.#parts;
    runs.update(item.key, { status: 'running' });
    try {
      const brought = await work(item, this.#stop.signal);
      runs.update(item.key, { status: 'succeeded', brought });
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      runs.update(item.key, { status: 'failed', error: failureDetails(this.#asFailure(error)) });
    }
    await ended?.(item.run);
  }

  #asFailure(error: unknown): TaskFailure {
    if (error instanceof TaskFailure && error.code !== 'unknown') return error;
    const { what, log } = this.#parts;
    log.error({ err: error }, `the ${what} stopped by a fault of the service`);
    return new TaskFailure(
      'internalServerError',
      `The ${what} stopped by a fault of the service; its log has the cause.`,
    );
  }
}
