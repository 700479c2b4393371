import {
  allHandlersFinished,
  CancellationScope,
  CancelledFailure,
  condition,
  workflowInfo,
} from '@temporalio/workflow';
import type { Collected, Decided, Prepared, TrainingSet } from '../activities/types.ts';
import type { LoopResult } from '../loop/outcome.ts';
import { collect } from './collecting.ts';
import { enter, type LoopContext, newContext, now, ofLoop, show, work } from './context.ts';
import { continueInNewRun } from './continuing.ts';
import { registerHandlers } from './handlers.ts';
import { note, writeJournal } from './journal.ts';
import { imageCount, type LoopState, total, unusedCount } from './loop-state.ts';
import type { LoopInput } from './messages.ts';
import { countDecision, countEnd } from './metrics.ts';
import { register, trainAndMeasure } from './modelling.ts';
import { tell, tellAgain, untilTold } from './notices.ts';
import { nameOf, registerDataset } from './registering.ts';
import { enough, ensureService, unbind } from './service.ts';
import { type Subsets, trainSubsets } from './subsets.ts';
import { ending } from './summaries.ts';
import { newRun, type TrainingRun } from './training-run.ts';
import { attempt, deadlinePassed, endIfStopped, LoopEnd, RoundSkipped } from './waiting.ts';

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
    note(ctx.state, { kind: 'stop', ...ctx.state.stop, now: true });
  });
  const result = await CancellationScope.nonCancellable(() => run(ctx));
  if (cancelled) throw new CancelledFailure(result.sentence);
  return result;
}

async function run(ctx: LoopContext): Promise<LoopResult> {
  tellAgain(ctx);
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
  const { state } = ctx;
  enter(ctx, 'preparing', state.doing);
  let { service } = ctx.input.spec;
  const prepared = await attempt(ctx, {
    step: 'prepare',
    begins: true,
    run: () => {
      service = ctx.input.spec.service;
      return work(ctx, 'prepare: freeze the evaluation set, read the images at hand').prepareLoop(ofLoop(ctx));
    },
  });
  const { classes, evaluation, minImagesPerClass } = prepared;
  state.warnings = prepared.warnings;
  state.webhook = prepared.webhook === true;
  const yardstick = evaluation && (await registerYardstick(ctx, evaluation));
  state.frozen = { classes, minImagesPerClass, service, evaluation: yardstick };
  if (prepared.firstNeed === null) throw new LoopEnd('image-limit');
  state.need = prepared.firstNeed;
  state.round = 1;
}

async function registerYardstick(ctx: LoopContext, evaluation: NonNullable<Prepared['evaluation']>) {
  const base = `${ctx.input.spec.name}-evaluation-${evaluation.hash.slice(0, 12)}`;
  const dataset = { base, version: 1, file: evaluation.file, images: evaluation.images };
  await registerDataset(ctx, dataset, { what: `register ${evaluation.images} evaluation images` });
  return { ...evaluation, base, version: dataset.version, dataset: nameOf(dataset) };
}

async function runRound(ctx: LoopContext): Promise<void> {
  await ensureService(ctx);
  const collected = await collect(ctx);
  const made = await makeModel(ctx);
  record(ctx, await decide(ctx, { ...made, collected }));
}

/** What a round came to between its images and its decision. */
interface Made {
  /** Null where nothing could be learned, or the rest of the round was skipped. */
  model: string | null;
  set: TrainingSet | null;
  training: TrainingRun | null;
  subsets: Subsets | null;
  /** Why and by whom the rest of the round was skipped. */
  skipped?: string;
}

async function makeModel(ctx: LoopContext): Promise<Made> {
  const made: Made = { model: null, set: null, training: null, subsets: null };
  try {
    const set = await check(ctx);
    made.set = set;
    made.subsets = await trainSubsets(ctx, set);
    made.training = newRun({ set, dataset: await register(ctx, set) });
    made.model = await trainAndMeasure(ctx, made.training);
  } catch (error) {
    if (!(error instanceof RoundSkipped)) throw error;
    made.skipped = error.note;
  } finally {
    unbind(ctx);
  }
  return made;
}

async function check(ctx: LoopContext): Promise<TrainingSet> {
  const { state } = ctx;
  endIfStopped(ctx);
  now(ctx, 'checking', `Checking ${imageCount(state)} training images`);
  const where = { ...ofLoop(ctx), round: state.round };
  return attempt(ctx, {
    step: 'check',
    begins: true,
    run: () => work(ctx, `check ${imageCount(state)} training images`).checkTrainingSet(where),
  });
}

async function decide(
  ctx: LoopContext,
  { model, set, training, subsets, skipped, collected }: Made & { collected: Collected },
): Promise<Decided> {
  const { state, input } = ctx;
  endIfStopped(ctx);
  if (skipped === undefined) state.withoutMetric = model === null ? state.withoutMetric + 1 : 0;
  now(ctx, 'deciding', 'Comparing with the rounds before');
  const roundMinutes = training?.billedMinutes ?? 0;
  return attempt(ctx, {
    step: 'decide',
    run: () =>
      work(ctx, 'decide: stop, or collect more').decideRound({
        ...ofLoop(ctx),
        round: state.round,
        model,
        ...(skipped === undefined ? {} : { skipped }),
        billedMinutes: roundMinutes + (subsets?.billedMinutes ?? 0),
        roundMinutes,
        ...(subsets === null ? {} : { subsets: { models: subsets.models, notes: subsets.notes } }),
        images: imageCount(state),
        newImages: collected.images ?? total(collected.added),
        withoutMetric: state.withoutMetric,
        settledMinutes: state.budget.settledMinutes,
        nextTrainingHours: Math.min(input.spec.training.hours ?? Number.POSITIVE_INFINITY, set?.minimumHours ?? 1),
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
  countDecision(decision);
  if (decision.outcome) throw new LoopEnd(decision.outcome);
  state.need = enough(ctx, decision.delta ?? {});
  if (decision.atMost === undefined) delete state.atMost;
  else state.atMost = decision.atMost;
  state.round += 1;
  show(ctx);
}

async function finish(ctx: LoopContext, { outcome, message }: LoopEnd): Promise<LoopResult> {
  const { state } = ctx;
  const report = {
    ...ofLoop(ctx),
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
    run: async () => {
      // Before the report, which shows it; a disk that is full is told of here, so that nothing that was said is lost.
      await writeJournal(ctx, true);
      return work(ctx, ending(outcome, state.records)).finishLoop(report);
    },
  });
  countEnd(outcome);
  enter(ctx, 'done', state.result.sentence);
  tell(ctx, 'finished');
  await untilTold(ctx);
  await condition(allHandlersFinished);
  return state.result;
}
