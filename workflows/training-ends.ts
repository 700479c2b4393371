import type { TrainingEnd } from '../activities/types.ts';
import type { FailureType } from '../loop/failure.ts';
import type { ModelReason } from '../loop/model-reason.ts';
import { type LoopContext, now } from './context.ts';
import { registerAgain } from './registering.ts';
import { allowedHours, type TrainingRun } from './training-run.ts';
import { LoopEnd, needsAttention, unwindIfMoved, wait } from './waiting.ts';

/** How often the service's own fault is met with another try before somebody is asked. */
export const TRIES_AFTER_FAULTS = 3;

/** A training that the service reported as ended without a model. */
export interface Ended {
  model: string;
  /** Whole compute hours that it was allowed. */
  hours: number;
  end: TrainingEnd;
}

/**
 * Does what the rules say of a training's failure (“When the vision service says no”): by itself where they allow it, else after a
 * person's answer. Returns the reason why the next model name is allowed.
 * @throws LoopEnd, RoundSkipped as `needsAttention`; LoopEnd `budget-exhausted` for a part of the round whose hours are at a limit.
 */
export async function afterFailure(ctx: LoopContext, run: TrainingRun, ended: Ended): Promise<ModelReason> {
  const { model, end } = ended;
  const type = end.type ?? (end.status === 'gone' ? 'ModelGone' : 'TrainingFailed');
  if (await mendedAlone(ctx, run, { ...ended, type }))
    return { kind: 'failure', after: model, code: end.code ?? end.status };
  const said = `Model ${model}: ${end.code ?? end.status}${end.message ? ` – ${end.message}` : ''}`;
  await needsAttention(ctx, 'train', { type, message: end.found === undefined ? said : `${said}. ${end.found}` });
  unwindIfMoved(ctx, type);
  const reason = answered(ctx, { after: model, failure: type, code: end.code });
  run.faults = 0;
  if (type === 'DatasetGone') await registerAgain(ctx, run.dataset, false);
  if (type === 'DatasetCorrupt' || type === 'DatasetChecksFailed') await registerAgain(ctx, run.dataset, true);
  return reason;
}

async function mendedAlone(ctx: LoopContext, run: TrainingRun, ended: Ended & { type: FailureType }): Promise<boolean> {
  const { type, model } = ended;
  if (type === 'TrainingBudgetTooSmall') return raised(ctx, run, ended);
  if (type === 'DatasetGone' && !run.registeredAgain) {
    run.registeredAgain = true;
    await registerAgain(ctx, run.dataset, false);
    return true;
  }
  if (type !== 'ServiceFault' || run.faults === TRIES_AFTER_FAULTS) return false;
  run.faults += 1;
  now(ctx, 'training', `Model ${model} failed by a fault of the service; trying again after a pause`);
  await backOff(ctx, run.faults, 'train');
  return true;
}

/** Raises the hours of the next training to what the service suggests, else to twice as many; false at a limit. */
function raised(ctx: LoopContext, run: TrainingRun, { hours, end: { suggestedHours = 0 } }: Ended): boolean {
  const wanted = suggestedHours > hours ? suggestedHours : 2 * hours;
  const next = Math.min(wanted, allowedHours(ctx, run));
  if (next > hours) {
    run.raisedHours = next;
    return true;
  }
  // A part of the round is a point of the curve that may be missing; nobody is asked for its sake.
  if (run.share !== undefined) throw new LoopEnd('budget-exhausted');
  run.raisedHours = wanted;
  return false;
}

/**
 * Pauses before the n-th further try, each time twice as long.
 * @throws LoopEnd when the loop is stopped or its deadline passes meanwhile.
 */
export async function backOff(ctx: LoopContext, n: number, what: string): Promise<void> {
  const at = Date.now() + ctx.timings.backOffMs * 2 ** (n - 1);
  const tries = `${n} of ${TRIES_AFTER_FAULTS}`;
  await wait(ctx, {
    until: () => false,
    wake: { at, summary: `pause, then ${what} again (try ${tries} after a fault of the service)` },
  });
}

/** Reads who has just answered `retry`, as the reason for a further model name. */
export function answered(
  { state }: LoopContext,
  to: { after: string; failure: FailureType; code: string | null },
): ModelReason {
  return { kind: 'answer', ...to, by: state.answer?.by ?? '', why: state.answer?.reason ?? '' };
}
