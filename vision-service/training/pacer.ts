import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 25;

/** The compute budget of a training has been used up. */
export class BudgetUsed extends Error {
  override readonly name = 'BudgetUsed';
}

/** Milliseconds, counted from any moment. */
export type Clock = () => number;

/** Gives way to the event loop every 25 ms of work, and stops the work when it is asked to. */
export class Pacer {
  readonly #signal: AbortSignal | undefined;
  readonly #clock: Clock;
  #since = performance.now();

  constructor({
    signal,
    clock = () => performance.now(),
  }: { signal?: AbortSignal | undefined; clock?: Clock | undefined }) {
    this.#signal = signal;
    this.#clock = clock;
  }

  /** Now, on the clock that deadlines are measured with. */
  readonly now = (): number => this.#clock();

  /** @throws the signal's reason once it is aborted */
  readonly pause = async (): Promise<void> => {
    this.#signal?.throwIfAborted();
    if (performance.now() - this.#since < SLICE_MS) return;
    await setImmediate();
    this.#since = performance.now();
    this.#signal?.throwIfAborted();
  };

  /**
   * `pause` for work that must end by a deadline.
   *
   * @throws {BudgetUsed} from the deadline on
   */
  until(deadline: () => number): () => Promise<void> {
    return async () => {
      await this.pause();
      if (this.#clock() >= deadline()) throw new BudgetUsed('The compute budget is used up');
    };
  }
}
