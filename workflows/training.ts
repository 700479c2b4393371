import { ActivityFailure } from '@temporalio/workflow';
import type { AwaitTrainingInput, TrainingEnd } from '../activities/types.ts';
import { type ModelReason, reasonInWords } from '../loop/model-reason.ts';
import { owedMinutes, reserve, settle } from './budget.ts';
import { enter, type LoopContext, now, ofLoop, waits, work } from './context.ts';
import { countReserved, countTraining } from './metrics.ts';
import { nameOf } from './registering.ts';
import { partOfRound, perClass } from './summaries.ts';
import { afterFailure } from './training-ends.ts';
import { modelName, type TrainingRun, trainingHours } from './training-run.ts';
import { attempt, endIfStopped, gate, LoopEnd, Unwinding } from './waiting.ts';

/**
 * Trains a model, once; again under a new name only after the service reported the one before as failed, cancelled or gone, and
 * for a recorded reason. Null when nothing could be learned (`diverged`).
 * @throws LoopEnd `budget-exhausted` when no whole hour is left, `stopped`, or `deadline`.
 */
export async function train(ctx: LoopContext, run: TrainingRun): Promise<string | null> {
  const { state } = ctx;
  for (;;) {
    await gate(ctx);
    const hours = trainingHours(ctx, run);
    run.attempts += 1;
    const model = modelName(ctx, run);
    state.budget = reserve(state.budget, hours);
    countReserved(hours);
    const end = await trainOnce(ctx, run, { model, hours });
    settleTraining(ctx, run, { hours, end });
    if (state.stop?.now) endIfStopped(ctx);
    if (end.status === 'succeeded') return model;
    if (end.code === 'diverged' && end.type === undefined) return null;
    run.because = await afterFailure(ctx, run, { model, hours, end });
  }
}

interface Asked {
  model: string;
  hours: number;
}

async function trainOnce(ctx: LoopContext, run: TrainingRun, { model, hours }: Asked): Promise<TrainingEnd> {
  const { state } = ctx;
  const size = `${run.set.images} images${run.share === undefined ? ` (${perClass(state.have)})` : `, ${partOfRound(run.share)}`}`;
  const because = run.because ?? firstReason(run);
  const part = run.share === undefined ? {} : { share: run.share };
  const order = { round: state.round, ...part, model, dataset: nameOf(run.dataset), hours, because };
  let accepted = false;
  enter(ctx, 'training', `Training model ${model} on ${size}, for up to ${hours} h of compute${again(run)}`);
  try {
    await attempt(ctx, {
      step: 'train',
      begins: true,
      run: () => work(ctx, `train on ${size}`).startTraining({ ...ofLoop(ctx), ...order }),
    });
    accepted = true;
    return await awaitEnd(ctx, run, model);
  } catch (error) {
    // The step is left while the service may be training: settle, so that nothing runs on unpaid for.
    if (error instanceof Unwinding) {
      const mayFinish = accepted && error instanceof LoopEnd && error.outcome === 'deadline';
      settleTraining(ctx, run, { hours, end: await wind(ctx, { ...run, model, accepted, mayFinish }) });
    }
    throw error;
  }
}

function firstReason({ share }: TrainingRun): ModelReason {
  return share === undefined ? { kind: 'first' } : { kind: 'part', share };
}

/** Why it is not the first training, for the sentence on what is under way. */
function again({ because }: TrainingRun): string {
  return because === undefined ? '' : `; ${reasonInWords(because)}`;
}

/** Waits for the end; after an outage first for any answer, so that the notice of it does not outlive it. */
async function awaitEnd(ctx: LoopContext, run: TrainingRun, model: string): Promise<TrainingEnd> {
  const summary = `wait while model ${model} trains`;
  for (;;) {
    const end = await attempt(ctx, {
      step: 'train',
      run: () =>
        waits(ctx, summary).awaitTraining({
          ...awaiting(ctx, { ...run, model }),
          ...(ctx.state.outage === undefined ? {} : { untilAnswered: true }),
        }),
    });
    if (end.status !== 'under-way') return end;
  }
}

type Awaited = Pick<AwaitTrainingInput, 'model' | 'share'> & Pick<TrainingRun, 'set'>;

function awaiting(ctx: LoopContext, { model, share, set }: Awaited): AwaitTrainingInput {
  const { state } = ctx;
  const { missingMs, pollMs } = ctx.timings;
  const part = share === undefined ? {} : { share };
  return { ...ofLoop(ctx), round: state.round, ...part, model, missingMs, pollMs, file: set.file };
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
      await cancelling.cancelTraining({ ...ofLoop(ctx), model, outageMs: timings.givingUpMs });
    }
    const last = waits(ctx, `wait until model ${model} has ended`, timings.givingUpMs);
    const end = await last.awaitTraining({ ...awaiting(ctx, awaited), outageMs: timings.givingUpMs });
    if (end.status === 'under-way') return UNKNOWN_END;
    // The service knows nothing of a model that it never accepted: nothing is owed.
    return end.status === 'gone' && !accepted ? { ...end, minutes: 0 } : end;
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    return UNKNOWN_END;
  }
}

/** The whole reservation counts as spent. */
const UNKNOWN_END: TrainingEnd = { status: 'gone', minutes: null, code: null, message: null };

function settleTraining(ctx: LoopContext, run: TrainingRun, { hours, end }: { hours: number; end: TrainingEnd }): void {
  const settlement = { reservedHours: hours, status: end.status, minutes: end.minutes };
  ctx.state.budget = settle(ctx.state.budget, settlement);
  run.billedMinutes += owedMinutes(settlement);
  countTraining(end, owedMinutes(settlement));
}
