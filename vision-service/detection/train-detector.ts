import { Kernels } from '../heads/kernels.ts';
import { Pacer } from '../training/pacer.ts';
import { type Blend, blended, type Evidence, evidenceOf, firstBlend, fitBlend, rightClasses } from './blend.ts';
import { type CropTrainingResult, trainCrops } from './crop-training.ts';
import { type DetectorKind, proposalLimit, type TrainedDetector } from './detector.ts';
import { DetectionKernels } from './kernels.ts';
import { learnable } from './learnable.ts';
import { type Finding, findings, measure } from './measure.ts';
import { isFinitePlaceHead } from './place-head.ts';
import type { Truth } from './place-samples.ts';
import { type PlaceTrainingResult, trainPlaces } from './place-training.ts';
import type { TrainingPicture, TrainingTools } from './training-parts.ts';

/** What `trainDetector` takes. */
export interface DetectorRequest {
  pictures: readonly TrainingPicture[];
  kind: DetectorKind;
  classes: readonly string[];
  seed: number;
  /** Threads for the matrix work. */
  threads: number;
  /** Whether the budget has something left for another try. */
  affordable: () => boolean;
  signal?: AbortSignal;
  /** Called between steps. */
  onProgress?: () => void;
}

/** What `trainDetector` gives. */
export interface DetectorTraining {
  detector: TrainedDetector;
  /** What detectors that had not seen a picture found there, picture by picture; undefined when nothing could be held out. */
  holdOut: { found: Finding[][]; truths: (readonly Truth[])[] } | undefined;
  /** Whether every learnt number is finite. */
  finite: boolean;
}

/**
 * Trains a detector on frozen features. A place head (one hidden layer) learns where objects are; a crop head learns what they are,
 * and what the place head takes for objects. Both are cross-fitted over folds of whole groups: the held-out results choose the
 * recipes, one stage or two, and calibrate the confidences; the final heads learn from all pictures. Equal requests give equal
 * detectors unless the budget cuts the search.
 *
 * @throws {RangeError} when there is no picture
 * @throws the signal's reason once it is aborted
 */
export async function trainDetector(request: DetectorRequest): Promise<DetectorTraining> {
  const pacer = new Pacer({ signal: request.signal });
  const pause = async () => {
    request.onProgress?.();
    await pacer.pause();
  };
  await pause();
  const [detection, heads] = await Promise.all([DetectionKernels.open(request), Kernels.open()]);
  try {
    const { kind, classes, seed, affordable } = request;
    const pictures = learnable(request.pictures, seed);
    const most = proposalLimit(pictures.reduce((largest, { truths }) => Math.max(largest, truths.length), 0));
    return await train(kind, pictures, { classes, seed, most, detection, heads, pause, affordable });
  } finally {
    await Promise.all([detection.close(), heads.close()]);
  }
}

async function train(
  kind: DetectorKind,
  pictures: readonly TrainingPicture[],
  tools: TrainingTools,
): Promise<DetectorTraining> {
  const places = await trainPlaces(pictures, tools);
  const crops = await trainCrops(pictures, places, tools);
  const truths = pictures.map((picture) => picture.truths);
  const stages = await chooseStages({ places, crops, truths }, tools);
  const detector: TrainedDetector = {
    kind,
    classes: [...tools.classes],
    recipe: recipeName(places, crops, stages.stages),
    places: places.head,
    most: tools.most,
    crops: stages.stages === 2 ? crops.head : undefined,
    blend: stages.blend,
  };
  const holdOut = stages.found === undefined ? undefined : { found: stages.found, truths };
  return { detector, holdOut, finite: isFinitePlaceHead(places.head) && isFiniteBlend(stages.blend) };
}

interface HeldOut {
  places: PlaceTrainingResult;
  crops: CropTrainingResult;
  truths: readonly (readonly Truth[])[];
}

interface Stages {
  stages: 1 | 2;
  blend: Blend;
  found?: Finding[][];
}

/** Two stages, unless one does better on what was held out. */
async function chooseStages(held: HeldOut, tools: TrainingTools): Promise<Stages> {
  if (held.places.foldCount < 2) return { stages: 2, blend: firstBlend(2) };
  const two = await withStages(held, 2, tools);
  if (!held.places.enoughToChoose) return two;
  const one = await withStages(held, 1, tools);
  return one.precision > two.precision ? one : two;
}

async function withStages({ places, crops, truths }: HeldOut, stages: 1 | 2, { classes, pause }: TrainingTools) {
  const scoreOf = (proposal: PlaceTrainingResult['proposals'][number][number]) =>
    stages === 2 ? crops.scores.get(proposal) : undefined;
  const evidence = places.proposals.flatMap((own, i) =>
    rightClasses(own, truths[i] ?? [], classes.length).map(({ proposal, label, right }): Evidence => {
      return { inputs: evidenceOf(proposal, scoreOf(proposal), label), right };
    }),
  );
  const blend = await fitBlend(evidence, { start: firstBlend(stages), pause });
  const found = places.proposals.map((own) =>
    findings(own.map((proposal) => ({ box: proposal.box, confidences: blended(blend, proposal, scoreOf(proposal)) }))),
  );
  return { stages, blend, found, precision: measure(found, truths, classes).meanAveragePrecision50 };
}

function isFiniteBlend({ object, crop, place, bias }: Blend): boolean {
  return [object, crop, place, bias].every(Number.isFinite);
}

function recipeName({ recipe }: PlaceTrainingResult, { lambda }: CropTrainingResult, stages: 1 | 2): string {
  const places = `${recipe.hidden} hidden units, ${recipe.steps} steps, weight decay ${recipe.decay}`;
  return stages === 1 ? `one stage: ${places}` : `two stages: ${places}; crops with lambda ${lambda}`;
}
