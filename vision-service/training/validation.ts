import type { ViewName } from '../backbones/views.ts';
import type { Kernels } from '../heads/kernels.ts';
import { countsOf } from '../heads/samples.ts';
import type { ClassifierRequest } from './classifier-request.ts';
import { CrossValidation, heldOutOf } from './cross-validation.ts';
import { assignFolds } from './folds.ts';
import type { Pacer } from './pacer.ts';
import type { Recipe } from './recipes.ts';
import { type SearchOutcome, type SearchSpace, searchRecipes } from './search.ts';
import { stratifiedSubset } from './subset.ts';
import { type TrainingSet, ViewsUnavailable } from './training-set.ts';
import { judge, type Trial } from './trial.ts';

const FOLDS = 5;
const FOLDS_OF_MANY = 3;
/** Images of the smallest class. */
const MANY = 50;
/** More images than this say little more about which recipe is best; the final training is on all. */
const SEARCHED_IMAGES = 3000;
/** Scores held at once: images × classes. */
const SEARCHED_SCORES = 3_000_000;
/** Views multiply the time for embedding, and help few images most. */
const VIEWED_IMAGES = 300;
/** Weights of a logistic regression; above that its solver takes more memory and time than it is worth. */
const LOGISTIC_WEIGHTS = 400_000;
/** The largest class against the smallest. */
const UNEVEN = 1.5;
/** Time kept for the final training: so many times the longest fit of a fold, in proportion to the images. */
const RESERVE = 3;
/** Up to so many images of the smallest class held-out images are too few to choose heads by. */
const FEW = 3;
/** Up to so many images of the smallest class views helped on every data set of the benchmark. */
const VIEWS_EXPECTED = 10;
const VIEW_SETS: readonly (readonly ViewName[])[] = [['mirrored', 'zoomed'], ['mirrored'], ['zoomed']];

interface ValidationWork {
  pacer: Pacer;
  kernels: Kernels;
  end: number;
  set: TrainingSet;
}

/** The search for the best recipe by cross-validation on the training images. */
export class Validation {
  /** What was left out of the search, and why. */
  readonly skipped: string[] = [];
  /** True classes of the images that are held out. */
  readonly labels: number[];
  readonly #request: ClassifierRequest;
  readonly #work: ValidationWork;
  /** Images that the search uses. */
  readonly #searched: number[];
  /** Fold of each of them. */
  readonly #assigned: number[];
  readonly #validations = new Map<string, CrossValidation>();
  readonly #space: SearchSpace;

  constructor(request: ClassifierRequest, work: ValidationWork) {
    this.#request = request;
    this.#work = work;
    const limit = Math.min(SEARCHED_IMAGES, Math.ceil(SEARCHED_SCORES / request.classes.length));
    this.#searched = stratifiedSubset({ ...request, limit });
    const labels = this.#searched.map((position) => request.labels[position] ?? -1);
    const counts = countsOf({ labels: request.labels, classes: request.classes.length }).filter((count) => count > 0);
    const folds = Math.min(...counts) >= MANY ? FOLDS_OF_MANY : FOLDS;
    const groups = request.groups && this.#searched.map((position) => request.groups?.[position] ?? '');
    this.#assigned = assignFolds({ labels, groups, folds, seed: request.seed });
    this.labels = heldOutOf(this.#assigned).map((place) => labels[place] ?? -1);
    this.#space = this.#spaceOf(counts);
  }

  /** Whether any image can be held out. */
  get possible(): boolean {
    return this.labels.length > 0;
  }

  async search(): Promise<SearchOutcome> {
    if (!this.possible) {
      return { best: undefined, cheapest: undefined, tried: 0, ended: 'nothing improved' };
    }
    let tried = 0;
    return searchRecipes(this.#space, async (recipe) => {
      const trial = await this.#try(recipe);
      tried += 1;
      this.#request.onProgress?.(tried);
      return trial;
    });
  }

  #spaceOf(counts: readonly number[]): SearchSpace {
    const { set } = this.#work;
    const weights = this.#request.classes.length * Math.min(set.dimensions, set.images);
    const logistic = weights <= LOGISTIC_WEIGHTS;
    if (!logistic) this.skipped.push(`logistic regression: ${weights} weights are more than ${LOGISTIC_WEIGHTS}`);
    const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
    return { logistic, few: fewest <= FEW, viewSets: this.#viewSets(fewest), uneven: most > UNEVEN * fewest };
  }

  #viewSets(fewest: number): SearchSpace['viewSets'] {
    const { images } = this.#work.set;
    const absent = this.#request.views === undefined;
    if (!absent && images <= VIEWED_IMAGES) {
      return VIEW_SETS.map((views, i) => ({ views, expected: i === 0 && fewest <= VIEWS_EXPECTED }));
    }
    const reason = absent ? 'there is no way to them' : `${images} images are more than ${VIEWED_IMAGES}`;
    this.skipped.push(`mirrored and zoomed views: ${reason}`);
    return [];
  }

  async #try(recipe: Recipe): Promise<Trial | undefined> {
    const { pacer, end } = this.#work;
    const pause = pacer.until(() => end - this.#reserve());
    await pause();
    const validation = await this.#validationOf(recipe, pause).catch((error: unknown) => this.#withoutViews(error));
    if (validation === undefined) return undefined;
    const scores = [];
    for (const head of recipe.heads) {
      const own = await validation.scores(head, pause);
      if (own === undefined) return undefined;
      scores.push(own);
    }
    return judge(recipe, scores, this.labels);
  }

  /** Images that cannot be read a second time are no reason to fail: their features are there. */
  #withoutViews(error: unknown): undefined {
    if (!(error instanceof ViewsUnavailable)) throw error;
    this.skipped.push(`mirrored and zoomed views: ${error.message}`);
  }

  /** Milliseconds to keep for the final training. */
  #reserve(): number {
    const slowest = Math.max(0, ...[...this.#validations.values()].map(({ slowestFitMs }) => slowestFitMs));
    return (RESERVE * slowest * this.#work.set.images) / Math.max(this.#searched.length, 1);
  }

  async #validationOf({ views, asCounted }: Recipe, pause: () => Promise<void>): Promise<CrossValidation> {
    const { set, kernels, pacer } = this.#work;
    const key = `${views.join()} ${asCounted}`;
    const known = this.#validations.get(key);
    if (known !== undefined) return known;
    const { samples } = await set.space(views, this.#searched, pause);
    const options = { dimensions: set.dimensions, kernels, asCounted, now: pacer.now };
    const validation = new CrossValidation(samples, this.#assigned, options);
    this.#validations.set(key, validation);
    return validation;
  }
}
