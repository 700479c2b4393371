import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  workflowInfo,
} from '@temporalio/workflow';
import type { Collected, Decided, TrainingSet } from '../activities/types.ts';
import type { LoopResult } from '../loop/outcome.ts';
import { collect } from './collecting.ts';
import { enter, type LoopContext, newContext, now, show, work } from './context.ts';
import { continueInNewRun } from './continuing.ts';
import { registerHandlers } from './handlers.ts';
import { imageCount, type LoopState, total, unusedCount } from './loop-state.ts';
import type { LoopInput } from './messages.ts';
import { register, trainAndMeasure } from './modelling.ts';
import { type Subsets, trainSubsets } from './subsets.ts';
import { ending } from './summaries.ts';
import type { TrainingRun } from './training.ts';
import { attempt, deadlinePassed, endIfStopped, LoopEnd } from './waiting.ts';

/**
 * One loop: collect, check, register, train, evaluate, decide, until it stops for a stated reason.
 * Nothing an operator can mend ever fails it.
 */
export async function loop(input: LoopInput, carried?: LoopState): Promise<LoopResult> {
  const ctx = newContext(input, carried);
  registerHandlers(ctx);
  show(ctx);
  // Temporal's own Cancel means `stop --now`: everything below runs shielded, so that a training is settled.
  const { cancelRequested } = CancellationScope.current();
  let cancelled = false;
  cancelRequested.catch(() => {
    cancelled = true;
    ctx.state.stop = { now: true, by: 'Temporal’s Cancel', reason: '' };
  });
  const result = await CancellationScope.nonCancellable(() => run(ctx));
  if (cancelled) throw new CancelledFailure(result.sentence);
  return result;
}

async function run(ctx: LoopContext): Promise<LoopResult> {
  try {
    if (!ctx.state.frozen) await prepare(ctx);
    for (;;) {
      await runRound(ctx);
      if (workflowInfo().continueAsNewSuggested) await continueInNewRun(ctx);
    }
  } catch (error) {
    if (error instanceof LoopEnd) return finish(ctx, error);
    throw error;
  }
}

async function prepare(ctx: LoopContext): Promise<void> {
  const { state, input } = ctx;
  const { name: loopName } = input.spec;
  enter(ctx, 'preparing', state.doing);
  const prepared = await attempt(ctx, {
    step: 'prepare',
    begins: true,
    run: () => work(ctx, 'prepare: freeze the evaluation set, read the images at hand').prepareLoop({ loop: loopName }),
  });
  const { classes, evaluation, minImagesPerClass } = prepared;
  state.warnings = prepared.warnings;
  const dataset = evaluation && `${loopName}-evaluation-${evaluation.hash.slice(0, 12)}`;
  if (evaluation && dataset) {
    await attempt(ctx, {
      step: 'register',
      begins: true,
      run: () =>
        work(ctx, `register ${evaluation.images} evaluation images`).registerDataset({
          loop: loopName,
          dataset,
          file: evaluation.file,
        }),
    });
  }
  state.frozen = { classes, minImagesPerClass, evaluation: evaluation && dataset ? { ...evaluation, dataset } : null };
  if (prepared.firstNeed === null) throw new LoopEnd('image-limit');
  state.need = prepared.firstNeed;
  state.round = 1;
}

async function runRound(ctx: LoopContext): Promise<void> {
  const collected = await collect(ctx);
  const set = await check(ctx);
  const subsets = await trainSubsets(ctx, set);
  const training: TrainingRun = { set, dataset: await register(ctx, set), attempts: 0, billedMinutes: 0 };
  const model = await trainAndMeasure(ctx, training);
  record(ctx, await decide(ctx, { model, collected, training, subsets }));
}

async function check(ctx: LoopContext): Promise<TrainingSet> {
  const { state, input } = ctx;
  endIfStopped(ctx);
  now(ctx, 'checking', `Checking ${imageCount(state)} training images`);
  const where = { loop: input.spec.name, round: state.round };
  return attempt(ctx, {
    step: 'check',
    begins: true,
    run: () => work(ctx, `check ${imageCount(state)} training images`).checkTrainingSet(where),
  });
}

interface Trained {
  model: string | null;
  collected: Collected;
  training: TrainingRun;
  subsets: Subsets | null;
}

async function decide(ctx: LoopContext, { model, collected, training, subsets }: Trained): Promise<Decided> {
  const { state, input } = ctx;
  endIfStopped(ctx);
  state.withoutMetric = model === null ? state.withoutMetric + 1 : 0;
  now(ctx, 'deciding', 'Comparing with the rounds before');
  return attempt(ctx, {
    step: 'decide',
    run: () =>
      work(ctx, 'decide: stop, or collect more').decideRound({
        loop: input.spec.name,
        round: state.round,
        model,
        billedMinutes: training.billedMinutes + (subsets?.billedMinutes ?? 0),
        roundMinutes: training.billedMinutes,
        ...(subsets === null ? {} : { subsets: { models: subsets.models, notes: subsets.notes } }),
        images: imageCount(state),
        newImages: collected.images ?? total(collected.added),
        withoutMetric: state.withoutMetric,
        settledMinutes: state.budget.settledMinutes,
        nextTrainingHours: Math.min(input.spec.training.hours ?? Number.POSITIVE_INFINITY, training.set.minimumHours),
        deadlinePassed: deadlinePassed(ctx),
        collectorExhausted: collected.exhausted,
      }),
  });
}

/** Records the round and goes on to the next, or ends the loop. */
function record(ctx: LoopContext, { decision, record: row }: Decided): void {
  const { state } = ctx;
  state.records.push(row);
  state.lastDecision = decision.sentence;
  if (decision.outcome) throw new LoopEnd(decision.outcome);
  state.need = decision.delta ?? {};
  if (decision.atMost === undefined) delete state.atMost;
  else state.atMost = decision.atMost;
  state.round += 1;
  show(ctx);
}

async function finish(ctx: LoopContext, { outcome, message }: LoopEnd): Promise<LoopResult> {
  const { state, input } = ctx;
  const report = {
    loop: input.spec.name,
    outcome,
    note: message,
    rounds: state.records.length,
    images: imageCount(state),
    billedMinutes: state.budget.settledMinutes,
    unusedImages: unusedCount(state),
    endedAt: new Date().toISOString(),
  };
  state.ending = true;
  now(ctx, 'deciding', 'Writing the report');
  state.result = await attempt(ctx, {
    step: 'finish',
    run: () => work(ctx, ending(outcome, state.records)).finishLoop(report),
  });
  enter(ctx, 'done', state.result.sentence);
  await condition(allHandlersFinished);
  return state.result;
}
