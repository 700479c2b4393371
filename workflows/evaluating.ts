import type { EvaluateInput } from '../activities/types.ts';
import type { FailureType } from '../loop/failure.ts';
import { enter, type LoopContext, ofLoop, waits } from './context.ts';
import { given, partOfRound } from './summaries.ts';
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
  if (predicted(ctx, of)) {
    const summary = `predict each of the ${evaluation.images} evaluation images${by(of)}`;
    await attempt(ctx, { step: 'predict', run: () => waits(ctx, summary).predictEvaluationSet(of) });
  }
  return true;
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
  const { state, input, timings } = ctx;
  const evaluation = state.frozen?.evaluation;
  if (!evaluation) return true;
  let number = 1;
  let gone = false;
  const { target, metric } = input.spec;
  const summary =
    of.share === undefined
      ? `measure ${metric}${target === undefined ? '' : `, target ${given(target)}`}`
      : `measure ${metric} of the model of ${partOfRound(of.share)}`;
  await attempt(ctx, {
    step: 'evaluate',
    run: async () => {
      if (gone) return;
      await waits(ctx, summary).evaluateModel({
        ...of,
        dataset: evaluation.dataset,
        evaluation: `${evaluation.hash.slice(0, 12)}-${number}`,
        evaluationHash: evaluation.hash,
        pollMs: timings.pollMs,
      });
    },
    onRetry: (type: FailureType) => {
      gone = type === 'ModelGone';
      if (type === 'EvaluationFailed') number += 1;
    },
  });
  return !gone;
}
