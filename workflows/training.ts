import { ActivityFailure } from '@temporalio/workflow';
import type { AwaitTrainingInput, TrainingEnd, TrainingSet } from '../activities/types.ts';
import { hoursLeft, owedMinutes, reserve, settle } from './budget.ts';
import { enter, type LoopContext, now, waits, work } from './context.ts';
import { perClass } from './summaries.ts';
import { attempt, endIfStopped, gate, LoopEnd, needsAttention } from './waiting.ts';

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
    if (state.stop?.now) endIfStopped(ctx);
    if (end.status === 'succeeded') return model;
    if (end.code === 'diverged') return null;
    await needsAttention(ctx, 'train', {
      type: end.status === 'gone' ? 'ModelGone' : 'TrainingFailed',
      message: `Model ${model}: ${end.code ?? end.status}${end.message ? ` – ${end.message}` : ''}`,
    });
  }
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
    await attempt(ctx, { step: 'train', begins: true, run: () => work(ctx, `train on ${size}`).startTraining(order) });
    accepted = true;
    const summary = `wait while model ${model} trains`;
    return await attempt(ctx, { step: 'train', run: () => waits(ctx, summary).awaitTraining(awaiting(ctx, model)) });
  } catch (error) {
    // The loop ends while the service may be training: settle, so that nothing runs on unpaid for.
    if (error instanceof LoopEnd) {
      const mayFinish = accepted && error.outcome === 'deadline';
      settleTraining(ctx, run, { hours, end: await wind(ctx, { model, accepted, mayFinish }) });
    }
    throw error;
  }
}

function awaiting({ state, input, timings }: LoopContext, model: string): AwaitTrainingInput {
  const { missingMs, pollMs } = timings;
  return { loop: input.spec.name, round: state.round, model, missingMs, pollMs };
}

interface Winding {
  model: string;
  /** The service has said that it took the training on. */
  accepted: boolean;
  /** The training may come to its own end; otherwise it is cancelled. */
  mayFinish: boolean;
}

/** Brings a training to an end that can be settled, for as long as `givingUpMs`; what is unknown then is spent. */
async function wind(ctx: LoopContext, { model, accepted, mayFinish }: Winding): Promise<TrainingEnd> {
  const { input, timings } = ctx;
  try {
    if (!mayFinish) {
      now(ctx, 'training', `Cancelling the training of model ${model}`);
      const cancelling = work(ctx, `cancel the training of model ${model}`, timings.givingUpMs);
      await cancelling.cancelTraining({ loop: input.spec.name, model });
    }
    const last = waits(ctx, `wait until model ${model} has ended`, timings.givingUpMs);
    const end = await last.awaitTraining(awaiting(ctx, model));
    // The service knows nothing of a model that it never accepted: nothing is owed.
    return end.status === 'gone' && !accepted ? { ...end, minutes: 0 } : end;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return { status: 'gone', minutes: null, code: null, message: null };
  }
}

function settleTraining(ctx: LoopContext, run: TrainingRun, { hours, end }: { hours: number; end: TrainingEnd }): void {
  const settlement = { reservedHours: hours, status: end.status, minutes: end.minutes };
  ctx.state.budget = settle(ctx.state.budget, settlement);
  run.billedMinutes += owedMinutes(settlement);
}
