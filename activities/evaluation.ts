import { verifyEvaluationSet } from '../data/evaluation-set.ts';
import { EvaluationFileSchema } from '../loop/files.ts';
import type { VisionClient } from '../vision/client.ts';
import type { ModelEvaluation } from '../vision/contract.ts';
import { VisionHttpError } from '../vision/errors.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { failureOfCode, LoopFailure } from './errors.ts';
import { examineEvaluationSet } from './examining.ts';
import { type LoopFiles, openLoop, trainingFile } from './loop-files.ts';
import { poll } from './polling.ts';
import { serviceOf } from './services.ts';
import { adoptOr, attemptOf, lookUp } from './training.ts';
import type { EvaluateInput } from './types.ts';

/**
 * Measures a model on the frozen evaluation set, after checking that every byte of the set is what it was.
 * @throws EvaluationSetChangedError; LoopFailure of the type that the evaluation's code means, `ModelGone` when the model stays away
 *   for `missingMs`, `NameTaken`.
 */
export async function evaluateModel(deps: ActivityDeps, input: EvaluateInput, vital: Vital) {
  const { signal, beat, answered } = vital;
  const files = await openLoop(deps.home, input);
  const { folder, spec } = files;
  const { client } = serviceOf(deps, spec.service);
  await verifyEvaluationSet(folder, input.evaluationHash, { heartbeat: beat });
  const at: Measuring = { client, input, vital };
  await orGone(at, () => create(at));
  const { model, evaluation } = input;
  const ended = await poll({
    look: () => client.getEvaluation(model, evaluation, { signal }),
    done: ({ status }) => {
      answered(`${evaluation}: ${status}`);
      return status === 'succeeded' || status === 'failed';
    },
    firstMs: input.pollMs,
    signal,
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

/** Runs a request about a model; one that is only away for a while is waited for, up to `missingMs`. */
async function orGone(at: Measuring, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof VisionHttpError)) throw error;
    if (error.status !== 404 && error.code !== 'modelNotFound') throw error;
    const seen = await lookAgain(at);
    if (seen === 'gone') throw gone(at);
    // The model was there all the time: something else is missing, and the answer stands.
    if (seen === 'there') throw error;
    await orGone(at, run);
  }
}

/** Looks a model up until it is found or has been missing for `missingMs`; `there` if the first look finds it. */
async function lookAgain({ client, input, vital }: Measuring): Promise<'there' | 'back' | 'gone'> {
  const { model, missingMs = 0, pollMs } = input;
  const { signal, answered } = vital;
  const since = Date.now();
  let looks = 0;
  const found = await poll({
    look: () => lookUp(client, model, { signal }),
    done: (seen) => {
      looks += 1;
      answered(`${model}: ${seen?.status ?? 'not found'}`);
      return seen !== null || Date.now() - since >= missingMs;
    },
    firstMs: pollMs,
    signal,
  });
  if (found === null) return 'gone';
  return looks === 1 ? 'there' : 'back';
}

function gone({ input: { model } }: Measuring): LoopFailure {
  return new LoopFailure('ModelGone', `The service has no model ${model} any more.`);
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
