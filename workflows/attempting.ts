import { ActivityFailure, ApplicationFailure, CancellationScope, condition, patched } from '@temporalio/workflow';
import { FAILURES, type FailureType } from '../loop/failure.ts';
import { type Failure, needsAttention } from './attention.ts';
import type { LoopContext } from './context.ts';
import { tellBudget } from './notices.ts';
import { noteOutage, outageOver } from './riding-out.ts';
import { deadlinePassed, endIfStopped, LoopEnd, serviceChanged, unwindIfMoved } from './unwinding.ts';
import { DEADLINE } from './waiting.ts';

interface Attempt<T> {
  /** Name of the step in what people read. */
  step: string;
  run: () => Promise<T>;
  /** Whether the step begins something new, which nothing may after the loop's deadline. */
  begins?: boolean;
  /** What the loop does about a failure by itself before it asks anybody; true when the step shall be tried again. */
  mend?: (failure: Failure) => Promise<boolean>;
  /** Told the failure that a person has just answered with `retry`. */
  onRetry?: (type: FailureType) => void | Promise<void>;
  /** Goes over to the service that a person has just named; without it the step unwinds. */
  onMoved?: () => Promise<void>;
}

/**
 * Runs a step until it works; what an operator can mend waits for an answer instead of failing the loop. `stop --now`
 * ends even a step that is being retried through an outage, and so does the deadline for a step that begins something.
 * @throws LoopEnd, RoundSkipped as `needsAttention`; ServiceChanged when the answer names another service than the model’s.
 */
export async function attempt<T>(ctx: LoopContext, asked: Attempt<T>): Promise<T> {
  const { step: where, run, begins, mend, onRetry, onMoved } = asked;
  for (;;) {
    tellBudget(ctx);
    try {
      const result = await orEnd(ctx, run, begins === true);
      outageOver(ctx);
      return result;
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      if (noteOutage(ctx, failure)) continue;
      outageOver(ctx);
      if (await mend?.(failure)) continue;
      await needsAttention(ctx, where, failure);
      if (onMoved && serviceChanged(ctx)) await onMoved();
      else unwindIfMoved(ctx, failure.type);
      await onRetry?.(failure.type);
    }
  }
}

async function orEnd<T>(ctx: LoopContext, run: () => Promise<T>, begins: boolean): Promise<T> {
  const { state, input, alarm } = ctx;
  if (state.ending) return run();
  const scope = new CancellationScope();
  const running = scope.run(run);
  const over = () => state.stop?.now === true || (begins && deadlinePassed(ctx));
  if (begins && input.deadline !== null) alarm.ringBy(input.deadline, DEADLINE);
  let settled = false;
  const settle = () => {
    settled = true;
  };
  running.then(settle, settle);
  await condition(() => settled || over());
  if (settled) return running;
  scope.cancel();
  const done = await running.then(
    (result) => ({ result }),
    () => null,
  );
  // What was done all the same counts, and the next step ends the loop; what failed is settled by whoever ends it.
  if (done && patched('done-counts')) return done.result;
  endIfStopped(ctx);
  throw new LoopEnd('deadline');
}

function failureOf(error: unknown): Failure | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return null;
  const { type, message, details } = error.cause;
  const known = type !== null && type !== undefined && type in FAILURES;
  return { type: known ? (type as FailureType) : 'Unexpected', message, details: details?.[0] };
}
