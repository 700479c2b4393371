import { ActivityFailure } from '@temporalio/workflow';
import type { AwaitTrainingInput, ImageSet, TrainingEnd } from '../activities/types.ts';
import { hoursLeft, owedMinutes, reserve, settle } from './budget.ts';
import { enter, type LoopContext, now, ofLoop, waits, work } from './context.ts';
import { partOfRound, perClass } from './summaries.ts';
import { attempt, endIfStopped, gate, LoopEnd, needsAttention, Unwinding } from './waiting.ts';

/** The trainings on a round's images, or on a part of the first round's: model names are counted by the workflow, and rise only after the service reported an end. */
export interface TrainingRun {
  set: ImageSet;
  dataset: string;
  /** The part of the round, 0–1; absent for the whole. */
  share?: number;
  /** Whole compute hours that these trainings leave to others. */
  keepFree?: number;
  attempts: number;
  billedMinutes: number;
}

/**
 * Trains a model, once; again under a new name only after the service reported the one before as
 * failed, cancelled or gone and a person answered `retry`. Null when nothing could be learned (`diverged`).
 * @throws LoopEnd `budget-exhausted` when no whole hour is left, `stopped`, or `deadline`.
 */
export async function train(ctx: LoopContext, run: TrainingRun): Promise<string | null> {
  const { state, input } = ctx;
  for (;;) {
    await gate(ctx);
    const hours = trainingHours(ctx, run);
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

/** Whole compute hours that a training is given where the caps allow. */
export function wantedHours({ input }: LoopContext, { suggestedHours }: Pick<ImageSet, 'suggestedHours'>): number {
  return input.spec.training.hours ?? suggestedHours;
}

/** Whole compute hours for the next training, inside what is left. */
function trainingHours(ctx: LoopContext, { set, keepFree = 0 }: TrainingRun): number {
  const left = hoursLeft(ctx.state.budget) - keepFree;
  const wanted = wantedHours(ctx, set);
  const hours = Math.min(left, wanted);
  if (hours < 1 || hours < Math.min(wanted, set.minimumHours)) throw new LoopEnd('budget-exhausted');
  return hours;
}

interface Asked {
  model: string;
  hours: number;
}

async function trainOnce(ctx: LoopContext, run: TrainingRun, { model, hours }: Asked): Promise<TrainingEnd> {
  const { state } = ctx;
  const size = `${run.set.images} images${run.share === undefined ? ` (${perClass(state.have)})` : `, ${partOfRound(run.share)}`}`;
  const order = { ...ofLoop(ctx), round: state.round, model, dataset: run.dataset, hours };
  let accepted = false;
  enter(ctx, 'training', `Training model ${model} on ${size}, for up to ${hours} h of compute`);
  try {
    await attempt(ctx, { step: 'train', begins: true, run: () => work(ctx, `train on ${size}`).startTraining(order) });
    accepted = true;
    const summary = `wait while model ${model} trains`;
    return await attempt(ctx, {
      step: 'train',
      run: () => waits(ctx, summary).awaitTraining(awaiting(ctx, { ...run, model })),
    });
  } catch (error) {
    // The step is left while the service may be training: settle, so that nothing runs on unpaid for.
    if (error instanceof Unwinding) {
      const mayFinish = accepted && error instanceof LoopEnd && error.outcome === 'deadline';
      settleTraining(ctx, run, { hours, end: await wind(ctx, { ...run, model, accepted, mayFinish }) });
    }
    throw error;
  }
}

type Awaited = Pick<AwaitTrainingInput, 'model' | 'share'>;

function awaiting(ctx: LoopContext, { model, share }: Awaited): AwaitTrainingInput {
  const { state } = ctx;
  const { missingMs, pollMs } = ctx.timings;
  const part = share === undefined ? {} : { share };
  return { ...ofLoop(ctx), round: state.round, ...part, model, missingMs, pollMs };
}

interface Winding extends Awaited {
  /** The service has said that it took the training on. */
  accepted: boolean;
  /** The training may come to its own end; otherwise it is cancelled. */
  mayFinish: boolean;
}

/** Brings a training to an end that can be settled, for as long as `givingUpMs`; what is unknown then is spent. */
async function wind(ctx: LoopContext, { accepted, mayFinish, ...awaited }: Winding): Promise<TrainingEnd> {
  const { timings } = ctx;
  const { model } = awaited;
  try {
    if (!mayFinish) {
      now(ctx, 'training', `Cancelling the training of model ${model}`);
      const cancelling = work(ctx, `cancel the training of model ${model}`, timings.givingUpMs);
      await cancelling.cancelTraining({ ...ofLoop(ctx), model });
    }
    const last = waits(ctx, `wait until model ${model} has ended`, timings.givingUpMs);
    const end = await last.awaitTraining(awaiting(ctx, awaited));
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
