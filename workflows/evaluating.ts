import type { EvaluateInput } from '../activities/types.ts';
import type { FailureType } from '../loop/failure.ts';
import { enter, type LoopContext, now, ofLoop, waits } from './context.ts';
import { type Dataset, nameOf, registerAgain } from './registering.ts';
import { given, partOfRound } from './summaries.ts';
import { backOff, TRIES_AFTER_FAULTS } from './training-ends.ts';
import { attempt, endIfStopped } from './waiting.ts';

/**
 * Measures a model on the frozen evaluation set, and predicts every image of it unless the spec says not to.
 * Returns false when the service has lost the model, so that it must be trained again.
 * @param share the part of the first round's images that it was trained on, 0–1; absent for the whole
 * @throws LoopEnd when the loop is stopped while a step waits for an answer.
 */
export async function evaluate(ctx: LoopContext, model: string, share?: number): Promise<boolean> {
  const { state } = ctx;
  const evaluation = state.frozen?.evaluation;
  if (!evaluation) return true;
  endIfStopped(ctx);
  enter(ctx, 'evaluating', `Evaluating model ${model} on ${evaluation.images} images`);
  const of: Measuring = { ...ofLoop(ctx), round: state.round, model, ...(share === undefined ? {} : { share }) };
  if (!(await measure(ctx, of))) return false;
  return !predicted(ctx, of) || (await predict(ctx, of, evaluation.images));
}

/** Predicts every evaluation image. Returns false as `evaluate`. */
async function predict(ctx: LoopContext, of: Measuring, images: number): Promise<boolean> {
  const { missingMs, pollMs } = ctx.timings;
  const summary = `predict each of the ${images} evaluation images${by(of)}`;
  let gone = false;
  await attempt(ctx, {
    step: 'predict',
    run: async () => {
      if (gone) return;
      await waits(ctx, summary).predictEvaluationSet({ ...of, ...ofLoop(ctx), missingMs, pollMs });
    },
    onRetry: (type) => {
      gone = type === 'ModelGone';
    },
  });
  return !gone;
}

type Measuring = Pick<EvaluateInput, 'loop' | 'round' | 'model' | 'share'>;

/** Predictions tell the noise between rounds; of a part's only its verdicts are used, and a detector has none. */
function predicted({ input: { spec } }: LoopContext, { share }: Measuring): boolean {
  return spec.evaluation?.predictions === true && (share === undefined || spec.task === 'classification');
}

/** What a label says of a model of less than a round; nothing of a round's own. */
function by({ share }: Measuring): string {
  return share === undefined ? '' : ` by the model of ${partOfRound(share)}`;
}

async function measure(ctx: LoopContext, of: Measuring): Promise<boolean> {
  const { input, timings } = ctx;
  const yardstick = yardstickOf(ctx);
  if (yardstick === null) return true;
  const tries: Tries = { number: 1, faults: 0, registeredAgain: false, gone: false };
  const { target, metric } = input.spec;
  const summary =
    of.share === undefined
      ? `measure ${metric}${target === undefined ? '' : `, target ${given(target)}`}`
      : `measure ${metric} of the model of ${partOfRound(of.share)}`;
  await attempt(ctx, {
    step: 'evaluate',
    run: async () => {
      if (tries.gone) return;
      await waits(ctx, summary).evaluateModel({
        ...of,
        ...ofLoop(ctx),
        dataset: nameOf(yardstick),
        evaluation: `${yardstick.hash.slice(0, 12)}-${tries.number}`,
        evaluationHash: yardstick.hash,
        pollMs: timings.pollMs,
        missingMs: timings.missingMs,
      });
    },
    mend: ({ type }) => mended(ctx, { type, yardstick, tries }),
    onRetry: async (type) => {
      if (BURNT.has(type)) tries.number += 1;
      tries.faults = 0;
      tries.gone = type === 'ModelGone';
      if (type === 'DatasetCorrupt' || type === 'DatasetGone') await renew(ctx, yardstick, type === 'DatasetCorrupt');
    },
  });
  return !tries.gone;
}

interface Tries {
  /** Counts the evaluation's names. */
  number: number;
  /** Evaluations since the last answer that failed by the service's own fault. */
  faults: number;
  registeredAgain: boolean;
  /** The model is gone, and a person has answered that it shall be trained again. */
  gone: boolean;
}

/** Failures of an evaluation that had begun: its name is used up. */
const BURNT: ReadonlySet<FailureType> = new Set([
  'EvaluationFailed',
  'ServiceFault',
  'DatasetGone',
  'DatasetCorrupt',
  'ModelKindMismatch',
]);

/** What the rules let the loop do by itself about a failed evaluation; true when it shall be tried again. */
async function mended(
  ctx: LoopContext,
  { type, yardstick, tries }: { type: FailureType; yardstick: Yardstick; tries: Tries },
): Promise<boolean> {
  if (type === 'ServiceFault' && tries.faults < TRIES_AFTER_FAULTS) {
    tries.faults += 1;
    await backOff(ctx, tries.faults, 'measure');
  } else if (type === 'DatasetGone' && !tries.registeredAgain) {
    tries.registeredAgain = true;
    await renew(ctx, yardstick, false);
  } else return false;
  tries.number += 1;
  return true;
}

type Yardstick = Dataset & { hash: string };

/** The evaluation set as it stands at the service; null without one. */
function yardstickOf({ state }: LoopContext): Yardstick | null {
  const evaluation = state.frozen?.evaluation;
  if (!evaluation) return null;
  const { dataset, base = dataset, version = 1, file, images, hash } = evaluation;
  return { base, version, file, images, hash };
}

/** Registers the evaluation set again, and keeps the name for the rounds to come. */
async function renew(ctx: LoopContext, yardstick: Yardstick, asNew: boolean): Promise<void> {
  await registerAgain(ctx, yardstick, asNew);
  const evaluation = ctx.state.frozen?.evaluation;
  if (evaluation) Object.assign(evaluation, { version: yardstick.version, dataset: nameOf(yardstick) });
  now(ctx, 'evaluating', `Evaluating again, on ${yardstick.images} images`);
}
