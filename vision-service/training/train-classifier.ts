import { Kernels } from '../heads/kernels.ts';
import { isFiniteHead, type LinearHead, weightedSum } from '../heads/linear-head.ts';
import { PROTOTYPE_TEMPERATURE } from '../heads/prototypes.ts';
import { meanRow } from '../heads/rows.ts';
import { allowsRoot, centredRows } from '../heads/transform.ts';
import type { TrainedClassifier } from './classifier.ts';
import { type ClassifierRequest, checkRequest } from './classifier-request.ts';
import { BudgetUsed, Pacer } from './pacer.ts';
import { FIRST_LOGISTIC, type Recipe, recipeName } from './recipes.ts';
import type { SearchOutcome } from './search.ts';
import { Trainer } from './trainer.ts';
import { TrainingSet } from './training-set.ts';
import type { Trial } from './trial.ts';
import { Validation } from './validation.ts';

/** What `trainClassifier` gives. */
export interface ClassifierTraining {
  classifier: TrainedClassifier;
  /**
   * Predictions of the chosen recipe for images its heads had not seen; empty when no class has two images (or groups), or when
   * the budget ended before any could be made.
   */
  holdOut: { scores: Float32Array[]; labels: number[] };
  /** Milliseconds of this call. */
  computeMs: number;
}

/** No recipe gave a head whose weights are all finite numbers. */
export class NoFiniteHead extends Error {
  override readonly name = 'NoFiniteHead';
}

/**
 * Trains a classifier on frozen features: cube root (where no feature is negative) → unit length → centred → unit length, then the
 * recipe that does best in cross-validation (5 folds; 3 from 50 images a class up; on about 3,000 images of a larger set), trained on
 * all images. Probabilities are calibrated by a temperature learnt on the held-out predictions. Equal requests give equal
 * classifiers unless the budget cuts the search. When the budget is used up the search stops, and the final training is of the best
 * recipe that there is time for; cosine prototypes, one pass over the images, always come out.
 *
 * @throws {TypeError} when features, labels, groups and classes do not fit together
 * @throws {NoFiniteHead} when no recipe gives finite weights
 * @throws the signal's reason once it is aborted
 */
export async function trainClassifier(request: ClassifierRequest): Promise<ClassifierTraining> {
  checkRequest(request);
  const pacer = new Pacer(request);
  const begun = pacer.now();
  await pacer.pause();
  const kernels = await Kernels.open();
  try {
    const work = { pacer, kernels, end: begun + request.budgetMs, set: trainingSetOf(request, kernels) };
    const validation = new Validation(request, work);
    const outcome = await validation.search();
    const final = await trainOnAll(choicesOf(outcome, validation.possible), work);
    const classifier = classifierOf(request, { final, outcome, skipped: validation.skipped });
    const holdOut = { scores: final.trial?.scores ?? [], labels: final.trial === undefined ? [] : validation.labels };
    return { classifier, holdOut, computeMs: pacer.now() - begun };
  } finally {
    await kernels.close();
  }
}

/** What every step needs besides the request. */
export interface Work {
  pacer: Pacer;
  kernels: Kernels;
  /** When the budget is used up, on the pacer's clock. */
  end: number;
  set: TrainingSet;
}

function trainingSetOf(request: ClassifierRequest, kernels: Kernels): TrainingSet {
  const { features, labels, classes, views } = request;
  return new TrainingSet({
    features,
    labels,
    classes: classes.length,
    cubeRoot: allowsRoot(features),
    views,
    kernels,
  });
}

/** A recipe for the final training, with what its trial taught. */
interface Choice {
  recipe: Recipe;
  factors: readonly number[];
  temperature: number;
  trial: Trial | undefined;
}

const PROTOTYPES: Choice = {
  recipe: { heads: [{ kind: 'prototypes' }], views: [], asCounted: false },
  factors: [1],
  temperature: PROTOTYPE_TEMPERATURE,
  trial: undefined,
};
/** Needs no temperature: with nothing held out there is none to be had. */
const UNTRIED: Choice = {
  recipe: { heads: [FIRST_LOGISTIC], views: [], asCounted: false },
  factors: [1],
  temperature: 1,
  trial: undefined,
};

/** What to train on all images, the next one whenever the one before takes too long or is not finite. */
function choicesOf({ best, cheapest }: SearchOutcome, anyHeldOut: boolean): Choice[] {
  const trials = [best, cheapest].flatMap((trial) => (trial === undefined ? [] : [{ ...trial, trial }]));
  if (!anyHeldOut) return [UNTRIED, PROTOTYPES];
  return [...trials, PROTOTYPES];
}

interface Final extends Choice {
  head: LinearHead;
  mean: Float64Array;
}

async function trainOnAll(choices: readonly Choice[], work: Work): Promise<Final> {
  const { pacer, end } = work;
  for (const choice of choices) {
    // The last one must come out whatever the time.
    const pause = choice === PROTOTYPES ? pacer.pause : pacer.until(() => end);
    const final = await fitAll(choice, work, pause).catch((error: unknown) => {
      if (error instanceof BudgetUsed) return undefined;
      throw error;
    });
    if (final !== undefined && isFiniteHead(final.head)) return final;
  }
  throw new NoFiniteHead('No recipe gave finite weights');
}

async function fitAll(choice: Choice, { set, kernels }: Work, pause: () => Promise<void>): Promise<Final> {
  const { heads, views, asCounted } = choice.recipe;
  const positions = [...Array(set.images).keys()];
  const { samples, mean, lift } = await set.space(views, positions, pause);
  const rows = centredRows(samples.rows, [...samples.labels.keys()], meanRow(samples.rows));
  const trainer = new Trainer({ ...samples, rows }, { dimensions: set.dimensions, kernels, asCounted });
  const parts: { head: LinearHead; factor: number }[] = [];
  for (const [i, head] of heads.entries()) {
    parts.push({ head: await trainer.fit(head, pause), factor: choice.factors[i] ?? 1 });
  }
  return { ...choice, head: lift(weightedSum(parts)), mean };
}

function classifierOf(
  request: ClassifierRequest,
  { final, outcome, skipped }: { final: Final; outcome: SearchOutcome; skipped: string[] },
): TrainedClassifier {
  return {
    classes: [...request.classes],
    recipe: recipeName(final.recipe),
    search: { tried: outcome.tried, ended: outcome.ended, skipped },
    transform: { cubeRoot: allowsRoot(request.features), mean: final.mean },
    head: final.head,
    temperature: final.temperature,
  };
}
