import { setTimeout as delay } from 'node:timers/promises';
import { elapsed, reasonOf, type Say } from './say.ts';

const LONGEST_WAIT_MS = 30_000;
const STEADY_MS = 60_000;

/** Something that runs until it ends by itself or is stopped. */
export interface Running {
  /** Resolves with how it ended, in a few words. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

export interface KeptAliveOptions {
  name: string;
  say: Say;
  /** Starts it anew; resolves when it serves. */
  start: (signal: AbortSignal) => Promise<Running>;
  /** Wait before the first restart, milliseconds; doubles up to 30 s, and starts over after a minute of steady running. */
  firstWaitMs?: number;
}

/** Keeps something running that already runs: when it ends unasked it is started again, with growing waits, and that is said. */
export class KeptAlive {
  readonly #options: KeptAliveOptions;
  readonly #stopping = new AbortController();
  readonly #watching: Promise<void>;
  #current: Running | undefined;

  constructor(first: Running, options: KeptAliveOptions) {
    this.#options = options;
    this.#current = first;
    this.#watching = this.#watch();
  }

  /** Stops it for good; it is gone when this resolves. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#current?.stop();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const { firstWaitMs = 1_000 } = this.#options;
    const { signal } = this.#stopping;
    const stopped = new Promise<undefined>((resolve) =>
      signal.addEventListener('abort', () => resolve(undefined), { once: true }),
    );
    let wait = firstWaitMs;
    while (this.#current && !signal.aborted) {
      const since = Date.now();
      const ending = await Promise.race([this.#current.ended, stopped]);
      if (ending === undefined || signal.aborted) return;
      if (Date.now() - since > STEADY_MS) wait = firstWaitMs;
      this.#current = undefined;
      await this.#startAgain(`ended with ${ending}`, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }

  async #startAgain(why: string, firstWait: number): Promise<void> {
    const { name, say, start } = this.#options;
    const { signal } = this.#stopping;
    let reason = why;
    for (let wait = firstWait; !signal.aborted; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
      say(`${name} ${reason}; starting it again in ${elapsed(wait)}`);
      try {
        await delay(wait, undefined, { signal });
        const next = await start(signal);
        if (signal.aborted) return await next.stop();
        this.#current = next;
        return say(`${name} runs again`);
      } catch (error) {
        reason = `does not start: ${reasonOf(error)}`;
      }
    }
  }
}
