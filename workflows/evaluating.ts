import type { FailureType } from '../loop/failure.ts';
import { enter, type LoopContext, waits } from './context.ts';
import { given } from './summaries.ts';
import { attempt, endIfStopped } from './waiting.ts';

/**
 * Measures a model on the frozen evaluation set, and predicts every image of it unless the spec says not to.
 * Returns false when the service has lost the model, so that it must be trained again.
 * @throws LoopEnd when the loop is stopped while a step waits for an answer.
 */
export async function evaluate(ctx: LoopContext, model: string): Promise<boolean> {
  const { state, input } = ctx;
  const evaluation = state.frozen?.evaluation;
  if (!evaluation) return true;
  endIfStopped(ctx);
  enter(ctx, 'evaluating', `Evaluating model ${model} on ${evaluation.images} images`);
  if (!(await measure(ctx, model))) return false;
  if (input.spec.evaluation?.predictions) {
    await attempt(ctx, {
      step: 'predict',
      run: () =>
        waits(ctx, `predict each of the ${evaluation.images} evaluation images`).predictEvaluationSet({
          loop: input.spec.name,
          round: state.round,
          model,
        }),
    });
  }
  return true;
}

async function measure(ctx: LoopContext, model: string): Promise<boolean> {
  const { state, input, timings } = ctx;
  const evaluation = state.frozen?.evaluation;
  if (!evaluation) return true;
  let number = 1;
  let gone = false;
  const { target, metric } = input.spec;
  const summary = `measure ${metric}${target === undefined ? '' : `, target ${given(target)}`}`;
  await attempt(ctx, {
    step: 'evaluate',
    run: async () => {
      if (gone) return;
      await waits(ctx, summary).evaluateModel({
        loop: input.spec.name,
        round: state.round,
        model,
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
