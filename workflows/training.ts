import { condition, workflowInfo } from '@temporalio/workflow';
import type { TrainingEnd, TrainingSet } from '../activities/types.ts';
import { hoursLeft, owedMinutes, reserve, settle } from './budget.ts';
import { enter, type LoopContext, now, waits, work } from './context.ts';
import { perClass } from './summaries.ts';
import { attempt, gate, LoopEnd, needsAttention } from './waiting.ts';

/** A round's trainings: model names are counted by the workflow, and rise only after the service reported an end. */
export interface TrainingRun {
  set: TrainingSet;
  dataset: string;
  attempts: number;
  billedMinutes: number;
}

/**
 * Trains this round's model, once; again under a new name only after the service reported the one before as
 * failed, cancelled or gone and a person answered `retry`. Null when nothing could be learned (`diverged`).
 * @throws LoopEnd `budget-exhausted` when no whole hour is left, `stopped`, or `deadline`.
 */
export async function train(ctx: LoopContext, run: TrainingRun): Promise<string | null> {
  const { state, input } = ctx;
  for (;;) {
    await gate(ctx);
    const hours = trainingHours(ctx, run.set);
    run.attempts += 1;
    const model = `${input.spec.name}-r${state.round}-${run.set.nameHash}-${run.attempts}`;
    state.budget = reserve(state.budget, hours);
    const end = await trainOnce(ctx, run, { model, hours });
    settleTraining(ctx, run, { hours, end });
    if (state.stop?.now) throw stopped(ctx);
    if (end.status === 'succeeded') return model;
    if (end.code === 'diverged') return null;
    await needsAttention(ctx, 'train', {
      type: end.status === 'gone' ? 'ModelGone' : 'TrainingFailed',
      message: `Model ${model}: ${end.code ?? end.status}${end.message ? ` – ${end.message}` : ''}`,
    });
  }
}

function stopped({ state }: LoopContext): LoopEnd {
  const { by, reason } = state.stop ?? { by: 'Temporal UI', reason: '' };
  return new LoopEnd('stopped', `by ${by}${reason ? `: ${reason}` : ''}`);
}

/** Whole compute hours for the next training, inside what is left. */
function trainingHours({ input, state }: LoopContext, set: TrainingSet): number {
  const left = hoursLeft(state.budget);
  const wanted = input.spec.training.hours ?? set.suggestedHours;
  const hours = Math.min(left, wanted);
  if (hours < 1 || hours < Math.min(wanted, set.minimumHours)) throw new LoopEnd('budget-exhausted');
  return hours;
}

interface Asked {
  model: string;
  hours: number;
}

async function trainOnce(ctx: LoopContext, run: TrainingRun, { model, hours }: Asked): Promise<TrainingEnd> {
  const { state, input } = ctx;
  const size = `${run.set.images} images (${perClass(state.have)})`;
  const order = { loop: input.spec.name, round: state.round, model, dataset: run.dataset, hours };
  let accepted = false;
  enter(ctx, 'training', `Training model ${model} on ${size}, for up to ${hours} h of compute`);
  try {
    await attempt(ctx, { step: 'train', run: () => work(ctx, `train on ${size}`).startTraining(order) });
    accepted = true;
    return await attempt(ctx, { step: 'train', run: () => awaitOrCancel(ctx, model) });
  } catch (error) {
    // The loop ends while the service may be training: cancel and settle, so that nothing runs on unpaid for.
    if (error instanceof LoopEnd) settleTraining(ctx, run, { hours, end: await abandon(ctx, { model, accepted }) });
    throw error;
  }
}

async function awaitOrCancel(ctx: LoopContext, model: string): Promise<TrainingEnd> {
  const { state, input, timings } = ctx;
  const { missingMs, pollMs } = timings;
  const waiting = waits(ctx, `wait while model ${model} trains`, workflowInfo().taskQueue).awaitTraining({
    loop: input.spec.name,
    round: state.round,
    model,
    missingMs,
    pollMs,
  });
  const settled = waiting.then(
    () => true,
    () => true,
  );
  const ended = await Promise.race([settled, condition(() => state.stop?.now === true).then(() => false)]);
  if (!ended) await attempt(ctx, { step: 'cancel', run: () => cancel(ctx, model) });
  return waiting;
}

async function cancel(ctx: LoopContext, model: string): Promise<void> {
  now(ctx, 'training', `Cancelling the training of model ${model}`);
  await work(ctx, `cancel the training of model ${model}`).cancelTraining({ loop: ctx.input.spec.name, model });
}

async function abandon(
  ctx: LoopContext,
  { model, accepted }: { model: string; accepted: boolean },
): Promise<TrainingEnd> {
  try {
    await cancel(ctx, model);
    const summary = `wait until model ${model} has ended`;
    const end = await waits(ctx, summary, workflowInfo().taskQueue).awaitTraining({
      loop: ctx.input.spec.name,
      round: ctx.state.round,
      model,
      missingMs: accepted ? ctx.timings.missingMs : 0,
      pollMs: ctx.timings.pollMs,
    });
    // The service knows nothing of a model that it never accepted: nothing is owed.
    return end.status === 'gone' && !accepted ? { ...end, minutes: 0 } : end;
  } catch {
    // Unknown is treated as spent: a cap must hold even when the service cannot be asked.
    return { status: 'gone', minutes: null, code: null, message: null };
  }
}

function settleTraining(ctx: LoopContext, run: TrainingRun, { hours, end }: { hours: number; end: TrainingEnd }): void {
  const settlement = { reservedHours: hours, status: end.status, minutes: end.minutes };
  ctx.state.budget = settle(ctx.state.budget, settlement);
  run.billedMinutes += owedMinutes(settlement);
}
