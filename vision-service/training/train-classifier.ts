import { Kernels } from '../heads/kernels.ts';
import type { LinearHead } from '../heads/linear-head.ts';
import type { Samples } from '../heads/samples.ts';
import { allowsSquareRoot, centred, centreOf, unitFeatures } from '../heads/transform.ts';
import type { TrainedClassifier } from './classifier.ts';
import { CrossValidation, type Trial } from './cross-validation.ts';
import { assignFolds } from './folds.ts';
import { Pacer } from './pacer.ts';
import { candidateRecipes, DEFAULT_RECIPE, type Recipe, recipeName, Trainer, type TrainerOptions } from './recipes.ts';
import { rowSpaceOf } from './row-space.ts';

/** What `trainClassifier` takes. */
export interface ClassifierRequest {
  /** One vector an image, all of one length. */
  features: readonly Float32Array[];
  /** Index into `classes` of each image. */
  labels: readonly number[];
  classes: readonly string[];
  /** Images of one group are never on both sides of a fold. */
  groups?: readonly string[];
  seed: number;
  /** Compute milliseconds after which no further recipe is tried. */
  budgetMs: number;
  signal?: AbortSignal;
  /** Called after every recipe tried. */
  onProgress?: (done: number, total: number) => void;
}

/** What `trainClassifier` gives. */
export interface ClassifierTraining {
  classifier: TrainedClassifier;
  /** Predictions of the chosen recipe for images its heads had not seen; empty when no class has two images (or groups). */
  holdOut: { scores: Float32Array[]; labels: number[] };
  /** Wall-clock milliseconds of this call. */
  computeMs: number;
}

const FOLDS = 5;
const FOLDS_OF_MANY = 3;
const MANY = 50;
/** Images of the smallest class: with fewer, held-out predictions come from heads too weak to learn a temperature from. */
const ENOUGH_TO_CALIBRATE = 3;

/**
 * Trains a classifier on frozen features: √ (where no feature is negative) → unit length → centred → unit length, then the recipe
 * that does best in cross-validation (5 folds; 3 from 50 images a class up), trained on all images. Probabilities are calibrated
 * by a temperature learnt on the held-out predictions. Equal requests give equal classifiers unless the budget cuts the search.
 *
 * @throws {TypeError} when features, labels, groups and classes do not fit together
 * @throws the signal's reason once it is aborted
 */
export async function trainClassifier(request: ClassifierRequest): Promise<ClassifierTraining> {
  const begun = performance.now();
  checkRequest(request);
  const { pause } = new Pacer(request.signal);
  await pause();
  const kernels = await Kernels.open();
  try {
    const trained = await train(request, { begun, dimensions: request.features[0]?.length ?? 0, kernels, pause });
    return { ...trained, computeMs: performance.now() - begun };
  } finally {
    await kernels.close();
  }
}

/** What every step needs besides the request. */
interface Work extends TrainerOptions {
  /** `performance.now()` at the start. */
  begun: number;
}

async function train(request: ClassifierRequest, work: Work) {
  const squareRoot = allowsSquareRoot(request.features);
  const units = request.features.map((feature) => unitFeatures(feature, squareRoot));
  const space = await rowSpaceOf(units, work.kernels);
  const samples = { rows: space.rows, labels: request.labels, classes: request.classes.length };
  const { trial, heldOut } = await chooseRecipe(request, samples, work);
  const recipe = trial?.recipe ?? DEFAULT_RECIPE;
  const head = await fitOnAll(samples, recipe, work);
  const classifier = {
    classes: [...request.classes],
    recipe: recipeName(recipe),
    transform: { squareRoot, mean: centreOf(units) },
    head: { weights: head.weights.map((row) => space.lift(row)), biases: head.biases },
    temperature: trial !== undefined && fewestOf(request) >= ENOUGH_TO_CALIBRATE ? trial.temperature : 1,
  };
  const scores = (trial?.scores ?? []).map((row) => Float32Array.from(row));
  return { classifier, holdOut: { scores, labels: heldOut.flatMap((position) => request.labels[position] ?? []) } };
}

function checkRequest({ features, labels, classes, groups }: ClassifierRequest): void {
  const lengths = new Set(features.map((feature) => feature.length));
  const unknown = labels.filter((label) => classes[label] === undefined);
  const problems = [
    features.length === 0 && 'there are no images',
    lengths.size > 1 && `features have different lengths (${[...lengths].join(', ')})`,
    labels.length !== features.length && `${labels.length} labels for ${features.length} images`,
    groups !== undefined &&
      groups.length !== features.length &&
      `${groups.length} groups for ${features.length} images`,
    unknown.length > 0 && `labels ${[...new Set(unknown)].join(', ')} are none of ${classes.length} classes`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new TypeError(`A classifier cannot be trained: ${problems.join('; ')}`);
}

/**
 * Tries the recipes until they or the budget are used up; no trial when nothing can be held out. The winner makes the held-out
 * classes most likely: with few images that tells recipes apart better than counting right ones, and flatters the hold-out less.
 */
async function chooseRecipe(request: ClassifierRequest, samples: Samples, work: Work) {
  const fewest = fewestOf(request);
  const assigned = assignFolds({ ...request, folds: fewest >= MANY ? FOLDS_OF_MANY : FOLDS });
  const validation = new CrossValidation(samples, assigned, work);
  if (validation.heldOut.length === 0) return { trial: undefined, heldOut: [] };
  const recipes = candidateRecipes(fewest);
  let best: Trial | undefined;
  for (const [done, recipe] of recipes.entries()) {
    if (best !== undefined && performance.now() - work.begun > request.budgetMs) break;
    const trial = await validation.try(recipe);
    if (best === undefined || trial.loss < best.loss) best = trial;
    request.onProgress?.(done + 1, recipes.length);
  }
  return { trial: best, heldOut: validation.heldOut };
}

/** Images of the smallest class that has any. */
function fewestOf({ labels }: ClassifierRequest): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.min(...counts.values());
}

async function fitOnAll(samples: Samples, recipe: Recipe, work: Work): Promise<LinearHead> {
  const mean = centreOf(samples.rows);
  const rows = samples.rows.map((row) => centred(row, mean));
  return new Trainer({ ...samples, rows }, work).fit(recipe);
}
