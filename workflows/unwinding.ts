import type { FailureType } from '../loop/failure.ts';
import type { Outcome } from '../loop/outcome.ts';
import type { LoopContext } from './context.ts';

/** Unwinds a step that is under way; never leaves the workflow. Whoever began something at the service settles it on the way. */
export abstract class Unwinding extends Error {}

/** Unwinds the main function to the loop's end. */
export class LoopEnd extends Unwinding {
  readonly outcome: Outcome;
  constructor(outcome: Outcome, note = '') {
    super(note);
    this.outcome = outcome;
  }
}

/** Unwinds a round whose step a person chose to skip: it is recorded without a metric. */
export class RoundSkipped extends Unwinding {
  readonly note: string;
  constructor(note: string) {
    super(note);
    this.note = note;
  }
}

/** Unwinds to where a model begins: a person named another service, and the model is to be made there. */
export class ServiceChanged extends Unwinding {
  /** What the person answered to; null where the loop was adjusted without having asked. */
  readonly failure: FailureType | null;
  constructor(failure: FailureType | null) {
    super();
    this.failure = failure;
  }
}

export function serviceChanged({ state, input }: LoopContext): boolean {
  return state.bound !== undefined && state.bound !== input.spec.service;
}

/** Leaves a training and its evaluation when the last answer named another service. @throws ServiceChanged */
export function unwindIfMoved(ctx: LoopContext, failure: FailureType | null): void {
  if (serviceChanged(ctx)) throw new ServiceChanged(failure);
}

export function deadlinePassed({ input }: LoopContext): boolean {
  return input.deadline !== null && Date.now() >= input.deadline;
}

/** `by ann: lunch`, or `by ann` where no reason was given. */
export function byWhom({ by, reason }: { by: string; reason?: string }): string {
  return `by ${by}${reason ? `: ${reason}` : ''}`;
}

/** Ends the loop if a person asked for it. */
export function endIfStopped({ state }: LoopContext): void {
  if (state.stop) throw new LoopEnd('stopped', byWhom(state.stop));
}
