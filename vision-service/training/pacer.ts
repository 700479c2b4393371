import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 25;

/** Gives way to the event loop every 25 ms of work, and stops the work when it is asked to. */
export class Pacer {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** @throws the signal's reason once it is aborted */
  readonly pause = async (): Promise<void> => {
    this.#signal?.throwIfAborted();
    if (performance.now() - this.#since < SLICE_MS) return;
    await setImmediate();
    this.#since = performance.now();
    this.#signal?.throwIfAborted();
  };
}
