import { verifyEvaluationSet } from '../data/evaluation-set.ts';
import { EvaluationFileSchema } from '../loop/files.ts';
import type { VisionClient } from '../vision/client.ts';
import type { ModelEvaluation } from '../vision/contract.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { failureOfCode, LoopFailure } from './errors.ts';
import { examineEvaluationSet } from './examining.ts';
import { type LoopFiles, openLoop, trainingFile } from './loop-files.ts';
import { gone, lookAgain, orGone } from './missing-models.ts';
import { poll } from './polling.ts';
import { serviceOf } from './services.ts';
import { adoptOr, attemptOf } from './training.ts';
import type { EvaluateInput } from './types.ts';

/**
 * Measures a model on the frozen evaluation set, after checking that every byte of the set is what it was.
 * @throws EvaluationSetChangedError; LoopFailure of the type that the evaluation's code means, `ModelGone` when the model stays away
 *   for `missingMs`, `NameTaken`.
 */
export async function evaluateModel(deps: ActivityDeps, input: EvaluateInput, vital: Vital) {
  const { beat } = vital;
  const files = await openLoop(deps.home, input);
  const { folder, spec } = files;
  const { client } = serviceOf(deps, spec.service);
  await verifyEvaluationSet(folder, input.evaluationHash, { heartbeat: beat });
  const at: Measuring = { client, input, vital };
  const { model } = input;
  const ended = await orGone(at, async () => {
    await create(at);
    return awaitEnd(at);
  });
  const performance = ended.status === 'succeeded' ? ended.modelPerformance : undefined;
  if (performance === undefined) throw await causeOf(ended, { ...at, files });
  const file = EvaluationFileSchema.parse({ model, performance });
  await folder.writeJsonOnce(trainingFile(input, `evaluation-${attemptOf(model)}`), file);
  const value = file.performance[spec.metric];
  return value === undefined ? {} : { [spec.metric]: value };
}

interface Measuring {
  client: VisionClient;
  input: EvaluateInput;
  vital: Vital;
}

/** Starts the evaluation, or adopts the one that an earlier try started. */
async function create({ client, input, vital: { signal } }: Measuring): Promise<void> {
  const { model, evaluation, dataset } = input;
  await adoptOr(
    () =>
      client.createEvaluation(model, evaluation, { evaluationParameters: { testDatasetName: dataset } }, { signal }),
    async () => {
      const { evaluationParameters: is } = await client.getEvaluation(model, evaluation, { signal });
      if (is.testDatasetName === dataset) return;
      throw new LoopFailure('NameTaken', `Evaluation ${evaluation} of ${model} measures ${is.testDatasetName}.`);
    },
  );
}

async function awaitEnd({ client, input, vital: { signal, answered } }: Measuring): Promise<ModelEvaluation> {
  const { model, evaluation, pollMs } = input;
  return poll({
    look: () => client.getEvaluation(model, evaluation, { signal }),
    done: ({ status }) => {
      answered(`${evaluation}: ${status}`);
      return status === 'succeeded' || status === 'failed';
    },
    firstMs: pollMs,
    signal,
  });
}

/** What an evaluation that brought no metrics failed of. */
async function causeOf(ended: ModelEvaluation, at: Measuring & { files: LoopFiles }): Promise<LoopFailure> {
  const { input, vital, files } = at;
  const name = `Evaluation ${input.evaluation} of ${input.model}`;
  if (ended.status === 'succeeded')
    return new LoopFailure('EvaluationFailed', `${name} succeeded, and the service reports no metrics of it.`);
  const { code = 'unknown', message = 'no reason was given' } = ended.error ?? {};
  const said = `${name}: ${code} – ${message}`;
  const type = failureOfCode('evaluation', code);
  if (type === 'DatasetCorrupt')
    return new LoopFailure(type, `${said}. ${(await examineEvaluationSet(files, vital)).words}`);
  if (type !== 'ModelGone') return new LoopFailure(type, said);
  // The evaluation's own name is burnt: a model that is still there is measured under the next one.
  return (await lookAgain(at)) === 'gone' ? gone(at) : new LoopFailure('ServiceFault', said);
}
