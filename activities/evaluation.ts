import { verifyEvaluationSet } from '../data/evaluation-set.ts';
import { EvaluationFileSchema } from '../loop/files.ts';
import type { VisionClient } from '../vision/client.ts';
import { VisionHttpError } from '../vision/errors.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { LoopFailure } from './errors.ts';
import { openLoop, trainingFile } from './loop-files.ts';
import { poll } from './polling.ts';
import { serviceOf } from './services.ts';
import { adoptOr, attemptOf, lookUp } from './training.ts';
import type { EvaluateInput } from './types.ts';

/**
 * Measures a model on the frozen evaluation set, after checking that every byte of the set is what it was.
 * @throws EvaluationSetChangedError; LoopFailure `EvaluationFailed`, `ModelGone` or `NameTaken`.
 */
export async function evaluateModel(deps: ActivityDeps, input: EvaluateInput, { signal, beat }: Vital) {
  const { folder, spec } = await openLoop(deps.home, input);
  const { client } = serviceOf(deps, spec.service);
  await verifyEvaluationSet(folder, input.evaluationHash, { heartbeat: beat });
  const { model, evaluation } = input;
  const evaluationParameters = { testDatasetName: input.dataset };
  await orGone({ client, model, signal }, () =>
    adoptOr(
      () => client.createEvaluation(model, evaluation, { evaluationParameters }, { signal }),
      async () => {
        const existing = await client.getEvaluation(model, evaluation, { signal });
        if (existing.evaluationParameters.testDatasetName === input.dataset) return;
        throw new LoopFailure(
          'NameTaken',
          `Evaluation ${evaluation} of ${model} measures ${existing.evaluationParameters.testDatasetName}.`,
        );
      },
    ),
  );
  const ended = await poll({
    look: () => client.getEvaluation(model, evaluation, { signal }),
    done: ({ status }) => {
      beat(`${evaluation}: ${status}`);
      return status === 'succeeded' || status === 'failed';
    },
    firstMs: input.pollMs,
    signal,
  });
  if (ended.status === 'failed' || !ended.modelPerformance) {
    if (ended.error?.code === 'modelNotFound')
      throw new LoopFailure('ModelGone', `The service has no model ${model} any more.`);
    const { code = 'unknown', message = 'no reason was given' } = ended.error ?? {};
    throw new LoopFailure('EvaluationFailed', `Evaluation ${evaluation} of ${model}: ${code} – ${message}`);
  }
  const file = EvaluationFileSchema.parse({ model, performance: ended.modelPerformance });
  await folder.writeJsonOnce(trainingFile(input, `evaluation-${attemptOf(model)}`), file);
  const value = file.performance[spec.metric];
  return value === undefined ? {} : { [spec.metric]: value };
}

interface Lookup {
  client: VisionClient;
  model: string;
  signal: AbortSignal;
}

/** Runs a request about a model; a 404 means that the model is gone only if the service says so itself. */
async function orGone({ client, model, signal }: Lookup, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof VisionHttpError)) throw error;
    if (error.status !== 404 && error.code !== 'modelNotFound') throw error;
    if ((await lookUp(client, model, { signal })) !== null) throw error;
    throw new LoopFailure('ModelGone', `The service has no model ${model} any more.`);
  }
}
