import { Context } from '@temporalio/activity';
import { toFailure } from './errors.ts';
import { deeper, isOutage, type Trouble, told, troubleBefore } from './trouble.ts';
import type { OfLoop } from './types.ts';

/** Signs of life and cancellation for a running activity. */
export interface Vital {
  /** Aborts when the activity is cancelled. */
  signal: AbortSignal;
  /** Says what is under way; shown in the Temporal UI. */
  beat: (note: string) => void;
  /** The same after an answer of the vision service, which ends any outage. */
  answered: (note: string) => void;
}

/** A third of the heartbeat timeout leaves room for a slow disk or a busy processor. */
const BEATS_PER_TIMEOUT = 3;
const FALLBACK_TIMEOUT_MS = 30_000;
/** A step may say where it is for every image; telling Temporal costs more than predicting one. */
const LEAST_BETWEEN_MS = 500;
/** Rules, “When the vision service says no”: people are told after so long without an answer. */
const OUTAGE_MS = 15 * 60_000;

/**
 * Makes an activity of a function: heartbeats as long as it runs, so that a killed worker is noticed soon, and
 * maps its errors. An outage is ridden out by Temporal's retries; once it has lasted for `outageMs` the workflow is told.
 */
export function alive<I extends OfLoop, O>(
  run: (input: I, vital: Vital) => Promise<O>,
  now: () => number = Date.now,
): (input: I) => Promise<O> {
  return async (input) => {
    const context = Context.current();
    const life = new Life(context, now);
    const every = (context.info.heartbeatTimeoutMs ?? FALLBACK_TIMEOUT_MS) / BEATS_PER_TIMEOUT;
    const timer = setInterval(() => life.beat(), every);
    try {
      return await run(input, life.vital);
    } catch (error) {
      const failure = life.failed(toFailure(error), input.outageMs ?? OUTAGE_MS);
      // Histories keep its message only; whoever has to mend it needs where it came from.
      if ('type' in failure && failure.type === 'Unexpected') context.log.error('the whole error', { error });
      throw failure;
    } finally {
      clearInterval(timer);
    }
  };
}

/** What one try of an activity tells Temporal while it runs. */
class Life {
  readonly #context: Context;
  readonly #now: () => number;
  #latest = 'started';
  #told = 0;
  #trouble: Trouble | null;

  constructor(context: Context, now: () => number) {
    this.#context = context;
    this.#now = now;
    this.#trouble = troubleBefore(context.info.heartbeatDetails);
  }

  get vital(): Vital {
    return {
      signal: this.#context.cancellationSignal,
      beat: (note) => this.#say(note),
      answered: (note) => {
        this.#trouble = null;
        this.#say(note);
      },
    };
  }

  /** The next try reads how long there was no answer, so it stands in every beat. */
  beat(): void {
    this.#told = this.#now();
    this.#context.heartbeat(this.#trouble === null ? this.#latest : { note: this.#latest, ...this.#trouble });
  }

  /** Counts a try without an answer; after `outageMs` of them it becomes news for the workflow. */
  failed(failure: Error, outageMs: number): Error {
    if (!isOutage(failure)) return failure;
    this.#trouble = deeper(this.#trouble, this.#now());
    this.beat();
    return this.#now() - this.#trouble.since >= outageMs ? told(failure, this.#trouble) : failure;
  }

  #say(note: string): void {
    this.#latest = note;
    if (Math.abs(this.#now() - this.#told) >= LEAST_BETWEEN_MS) this.beat();
  }
}
