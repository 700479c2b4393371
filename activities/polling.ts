import { setTimeout as pause } from 'node:timers/promises';

const SLOWEST_MS = 30_000;
const SLOWING = 1.5;

interface Poll<T> {
  look: () => Promise<T>;
  /** Whether what was seen is final. */
  done: (seen: T) => boolean;
  /** First pause, milliseconds; grows to 30 s. */
  firstMs: number;
  signal: AbortSignal;
}

/**
 * Looks until what is seen is final, more and more slowly; the first look is at once.
 * @throws what `look` throws, and the signal's AbortError.
 */
export async function poll<T>({ look, done, firstMs, signal }: Poll<T>): Promise<T> {
  for (let waitMs = firstMs; ; waitMs = Math.min(SLOWEST_MS, waitMs * SLOWING)) {
    const seen = await look();
    if (done(seen)) return seen;
    await pause(waitMs, undefined, { signal });
  }
}
