import { EvaluationFileSchema, VerdictsFileSchema } from '../loop/files.ts';
import { isVerdictMetric, type ModelPerformance } from '../loop/metrics.ts';
import { LoopFailure } from './errors.ts';
import { type LoopFiles, type TrainingPlace, trainingFile } from './loop-files.ts';
import { attemptOf, readTraining } from './training.ts';

/** A model that was trained and measured. */
interface Measured extends TrainingPlace {
  model: string;
}

type Files = Pick<LoopFiles, 'folder' | 'spec'>;

/** Verdicts on the evaluation set for the spec's metric; null for other metrics, and where nothing was predicted. */
export async function verdictsOf({ folder, spec }: Files, { model, ...place }: Measured): Promise<string | null> {
  if (!isVerdictMetric(spec.metric)) return null;
  const file = await folder.readRecord(trainingFile(place, `verdicts-${attemptOf(model)}`), VerdictsFileSchema);
  return file?.[spec.metric] ?? null;
}

/** What the evaluation said of a model; undefined without an evaluation set. */
export async function evaluationOf(
  { folder }: Files,
  { model, ...place }: Measured,
): Promise<ModelPerformance | undefined> {
  const file = trainingFile(place, `evaluation-${attemptOf(model)}`);
  return (await folder.readRecord(file, EvaluationFileSchema))?.performance;
}

/**
 * The spec's metric of a model, 0–1: on the evaluation set, or without one the service's own hold-out.
 * @throws LoopFailure `ServiceContract` when the service did not report it.
 */
export async function metricOf(files: Files, measured: Measured): Promise<number> {
  const { folder, spec } = files;
  const performance = spec.evaluation
    ? await evaluationOf(files, measured)
    : (await readTraining(folder, measured))?.performance;
  const value = performance?.[spec.metric];
  if (value !== undefined) return value;
  throw new LoopFailure('ServiceContract', `The service reported no ${spec.metric} for model ${measured.model}.`);
}
