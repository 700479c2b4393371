import { setTimeout as sleep } from 'node:timers/promises';
import type { TransientSourceError } from './errors.ts';

/** How long a download may take and how often it is tried. Times are milliseconds. */
export interface Patience {
  /** A server that sends nothing for so long is given up. */
  idleMs: number;
  /** One try takes no longer, plus a second for every megabyte that may be read. */
  totalMs: number;
  /** Tries in all. */
  attempts: number;
  /** Pause before the second try; it doubles from try to try. */
  backoffMs: number;
  /** A server that asks for a longer pause than this is not asked again. */
  maxRetryAfterMs: number;
  /** How long a host that loses one download after the other is left alone. */
  coolMs: number;
}

/** The patience of a service that nobody told otherwise. */
export const PATIENCE: Patience = {
  idleMs: 30_000,
  totalMs: 300_000,
  attempts: 4,
  backoffMs: 500,
  maxRetryAfterMs: 60_000,
  coolMs: 60_000,
};

const MEGABYTE = 1024 * 1024;

/** Longest time for one try of at most `maxBytes`. */
export function tryMs({ totalMs }: Patience, maxBytes: number): number {
  return totalMs + (maxBytes / MEGABYTE) * 1000;
}

/** Pause before the try after number `attempt`, or undefined when the server should not be asked again. */
export function pauseMs(error: TransientSourceError, attempt: number, patience: Patience): number | undefined {
  if (attempt >= patience.attempts) return undefined;
  const asked = error.retryAfterMs ?? 0;
  if (asked > patience.maxRetryAfterMs) return undefined;
  // Many images fail at once; they must not all come back at once.
  const spread = 0.5 + Math.random() / 2;
  return Math.max(asked, patience.backoffMs * 2 ** (attempt - 1) * spread);
}

/** Milliseconds that a `Retry-After` header asks for: seconds or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Waits; throws the signal's reason when it is aborted. */
export async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (ms <= 0) return;
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw error;
  });
}
