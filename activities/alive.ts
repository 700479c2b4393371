import { Context } from '@temporalio/activity';
import { toFailure } from './errors.ts';

/** Signs of life and cancellation for a running activity. */
export interface Vital {
  /** Aborts when the activity is cancelled. */
  signal: AbortSignal;
  /** Says what is under way; shown in the Temporal UI. */
  beat: (note: string) => void;
}

/** A third of the heartbeat timeout leaves room for a slow disk or a busy processor. */
const BEATS_PER_TIMEOUT = 3;
const FALLBACK_TIMEOUT_MS = 30_000;
/** A step may say where it is for every image; telling Temporal costs more than predicting one. */
const LEAST_BETWEEN_MS = 500;

/**
 * Makes an activity of a function: heartbeats as long as it runs, so that a killed worker is noticed soon, and
 * maps its errors.
 */
export function alive<I, O>(
  run: (input: I, vital: Vital) => Promise<O>,
  now: () => number = Date.now,
): (input: I) => Promise<O> {
  return async (input) => {
    const context = Context.current();
    let latest = 'started';
    let told = 0;
    const beat = (note: string) => {
      latest = note;
      if (Math.abs(now() - told) < LEAST_BETWEEN_MS) return;
      told = now();
      context.heartbeat(note);
    };
    const every = (context.info.heartbeatTimeoutMs ?? FALLBACK_TIMEOUT_MS) / BEATS_PER_TIMEOUT;
    const timer = setInterval(() => context.heartbeat(latest), every);
    try {
      return await run(input, { signal: context.cancellationSignal, beat });
    } catch (error) {
      const failure = toFailure(error);
      // Histories keep its message only; whoever has to mend it needs where it came from.
      if ('type' in failure && failure.type === 'Unexpected') context.log.error('the whole error', { error });
      throw failure;
    } finally {
      clearInterval(timer);
    }
  };
}
