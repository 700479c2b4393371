import { checkTrainingSet as findProblems } from '../data/checks.ts';
import { ChecksFailedError } from '../data/errors.ts';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import { stableJson } from '../data/json.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { classesOf } from '../loop/labels.ts';
import { modelKindOf } from '../loop/model-kind.ts';
import type { VisionClient } from '../vision/client.ts';
import { VisionHttpError } from '../vision/errors.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import { LoopFailure } from './errors.ts';
import { probeAnnotations } from './examining.ts';
import { openLoop, readDraws, roundFile } from './loop-files.ts';
import { trainingQuotas } from './quotas.ts';
import { serviceOf } from './services.ts';
import { subsetsOf } from './subsets.ts';
import { adoptOr } from './training.ts';
import { writeSet } from './training-set.ts';
import type { OfRound, RegisterInput, TrainingSet } from './types.ts';

/**
 * Checks all images so far and writes the round's COCO file, and in a first round under the forecast those of its nested parts.
 * @throws ChecksFailedError with every error found.
 */
export async function checkTrainingSet(deps: ActivityDeps, input: OfRound): Promise<TrainingSet> {
  const files = await openLoop(deps.home, input);
  const { folder, spec } = files;
  const { capabilities } = serviceOf(deps, spec.service);
  const images = (await readDraws(folder, input.round)).flatMap((draw) => draw.images);
  const classes = [...new Set(spec.classes ?? images.flatMap(classesOf))].sort();
  const evaluation = await readEvaluationSet(folder);
  const quotas = trainingQuotas(capabilities, modelKindOf(spec));
  const { findings } = findProblems({ images, classes, evaluation, quotas });
  await folder.replace(roundFile(input.round, 'findings'), stableJson(findings));
  if (findings.some(({ severity }) => severity === 'error')) throw new ChecksFailedError(findings);
  const whole = await writeSet(files, { images, classes, place: { round: input.round } });
  if (input.round > 1 || spec.policy !== 'forecast') return whole;
  if (files.from) return { ...whole, withoutSubsets: TAKEN_OVER };
  return { ...whole, ...(await subsetsOf(files, { images, classes, quotas })) };
}

const TAKEN_OVER =
  'No parts of round 1 are trained for the forecast: its images were taken over from another loop, and it trains once.';

/**
 * Registers a COCO file under its name, or adopts what an earlier try registered.
 * @throws LoopFailure `DatasetNameTaken` when the name holds other content, `AnnotationsUnreachable` when the service cannot reach
 *   the file.
 */
export async function registerDataset(deps: ActivityDeps, input: RegisterInput, { signal }: Vital) {
  const { folder, spec } = await openLoop(deps.home, input);
  const { client } = serviceOf(deps, spec.service);
  const body = {
    annotationKind: spec.task === 'detection' ? ('imageObjectDetection' as const) : ('imageClassification' as const),
    annotationFileUris: [input.file.uri],
    authentication: { kind: 'none' as const },
    customProperties: { loop: input.loop, sha256: input.file.sha256 },
  };
  await adoptOr(
    () => orUnreachable({ folder, input }, () => client.registerDataset(input.dataset, body, { signal })),
    () => adopt(client, input, signal),
  );
  return { dataset: input.dataset };
}

async function adopt(client: VisionClient, { dataset, file }: RegisterInput, signal: AbortSignal): Promise<void> {
  const existing = await client.getDataset(dataset, { signal });
  if (existing.customProperties?.['sha256'] === file.sha256) return;
  throw new LoopFailure('DatasetNameTaken', `Dataset ${dataset} exists with other content.`);
}

/** Turns a refusal of the file's address into what this worker finds at that address. */
async function orUnreachable<T>(
  { folder, input }: { folder: LoopFolder; input: RegisterInput },
  register: () => Promise<T>,
): Promise<T> {
  try {
    return await register();
  } catch (error) {
    if (!(error instanceof VisionHttpError) || error.code.toLowerCase() !== 'datasetinvalidannotationuri') throw error;
    const { words } = await probeAnnotations(folder, input.file);
    throw new LoopFailure('AnnotationsUnreachable', `${error.message}. ${words}`);
  }
}
