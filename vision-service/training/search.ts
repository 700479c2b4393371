import type { ViewName } from '../backbones/views.ts';
import { BudgetUsed } from './pacer.ts';
import { FIRST_DISCRIMINANT, FIRST_LOGISTIC, type HeadRecipe, LAMBDAS, type Recipe, SHRINKS } from './recipes.ts';
import { improves, type Trial } from './trial.ts';

/** What there is to choose from. */
export interface SearchSpace {
  /** Whether logistic regression is affordable. */
  logistic: boolean;
  /** Sets of views to try; one that is expected to help is taken unless it is clearly worse. */
  viewSets: readonly { views: readonly ViewName[]; expected: boolean }[];
  /** Whether there are too few images to choose heads and strengths by. */
  few: boolean;
  /** Whether classes differ so much in size that their weights matter. */
  uneven: boolean;
}

/** Tries a recipe; undefined when it gives a head that is not finite, or cannot be tried. Throws `BudgetUsed` when there is no time for it. */
export type Attempt = (recipe: Recipe) => Promise<Trial | undefined>;

/** What a search came to. */
export interface SearchOutcome {
  /** Undefined when the budget ended before the first trial, or when no recipe gave a finite head. */
  best: Trial | undefined;
  /** The cheapest recipe's trial: what is left when there is no time to train the best one on all images. */
  cheapest: Trial | undefined;
  /** Recipes tried. */
  tried: number;
  ended: 'nothing improved' | 'budget used';
}

/** Standard errors by which a recipe that is better on the whole may seem worse on these images, and is still preferred. */
const PREFERRED = 2;
const CHEAPEST: Recipe = { heads: [{ kind: 'prototypes' }], views: [], asCounted: false };

/**
 * Looks for the recipe whose held-out images are most likely, one choice after another, each building on the best so far:
 *
 * 1. heads: prototypes, discriminant, logistic regression, and the blend of the latter two, which did best over several data sets
 *    and is therefore preferred unless another is clearly better here;
 * 2. views of the training images;
 * 3. strength of each head: a step stronger or weaker, on as long as that is clearly better;
 * 4. class weights, where classes differ in size.
 *
 * Clearly better is more than a standard error of the paired difference. The search ends by itself when no step improves, so that
 * seldom more than twenty recipes are tried, and earlier when an attempt throws `BudgetUsed`.
 */
export async function searchRecipes(space: SearchSpace, attempt: Attempt): Promise<SearchOutcome> {
  const search = new Search(attempt);
  try {
    await chooseHeads(search, space);
    for (const { views, expected } of space.viewSets) await search.try({ views }, expected ? -1 : 1);
    if (!space.few) for (const index of search.heads.keys()) await chooseStrength(search, index);
    if (space.uneven) await search.try({ asCounted: true });
    return search.outcome('nothing improved');
  } catch (error) {
    if (error instanceof BudgetUsed) return search.outcome('budget used');
    throw error;
  }
}

class Search {
  readonly #attempt: Attempt;
  #best: Trial | undefined;
  #cheapest: Trial | undefined;
  #tried = 0;

  constructor(attempt: Attempt) {
    this.#attempt = attempt;
  }

  get heads(): readonly HeadRecipe[] {
    return this.#best?.recipe.heads ?? [];
  }

  /** Tries the best recipe with some of its parts changed; true when that is better by so many standard errors. */
  async try(change: Partial<Recipe>, errors = 1): Promise<boolean> {
    const recipe = { ...(this.#best?.recipe ?? CHEAPEST), ...change };
    const trial = await this.#attempt(recipe);
    this.#tried += 1;
    if (trial === undefined) return false;
    if (recipe.heads === CHEAPEST.heads) this.#cheapest = trial;
    const better = this.#best === undefined || improves(trial, this.#best, errors);
    if (better) this.#best = trial;
    return better;
  }

  outcome(ended: SearchOutcome['ended']): SearchOutcome {
    return { best: this.#best, cheapest: this.#cheapest, tried: this.#tried, ended };
  }
}

/** With few images only what can be trained at all counts: heads that learnt from one or two images a class tell nothing of others. */
async function chooseHeads(search: Search, { logistic, few }: SearchSpace): Promise<void> {
  const preferred = few ? Number.NEGATIVE_INFINITY : -PREFERRED;
  await search.try({});
  await search.try({ heads: [FIRST_DISCRIMINANT] }, preferred);
  if (!logistic) return;
  await search.try({ heads: [FIRST_LOGISTIC] });
  await search.try({ heads: [FIRST_DISCRIMINANT, FIRST_LOGISTIC] }, preferred);
}

async function chooseStrength(search: Search, index: number): Promise<void> {
  for (const step of [1, -1]) {
    for (;;) {
      const head = search.heads[index];
      const next = head && neighbour(head, step);
      if (next === undefined || !(await search.try({ heads: search.heads.with(index, next) }))) break;
    }
  }
}

/** The same head a step stronger or weaker; undefined at the end of its strengths. */
function neighbour(head: HeadRecipe, step: number): HeadRecipe | undefined {
  if (head.kind === 'prototypes') return undefined;
  if (head.kind === 'discriminant') {
    const shrink = SHRINKS[SHRINKS.indexOf(head.shrink) + step];
    return shrink === undefined ? undefined : { ...head, shrink };
  }
  const lambda = LAMBDAS[LAMBDAS.indexOf(head.lambda) + step];
  return lambda === undefined ? undefined : { ...head, lambda };
}
