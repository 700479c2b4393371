import { fitDiscriminant, type Scatter, scatterOf } from '../heads/discriminant.ts';
import type { Kernels } from '../heads/kernels.ts';
import type { LinearHead } from '../heads/linear-head.ts';
import { LogisticRegression } from '../heads/logistic.ts';
import type { Samples } from '../heads/samples.ts';

/** A way to train a head, with its hyper-parameter. */
export type Recipe = { kind: 'logistic'; lambda: number } | { kind: 'discriminant'; shrink: number };

/** Tried first, and taken as it is while there are too few images to tell recipes apart. */
export const DEFAULT_RECIPE: Recipe = { kind: 'logistic', lambda: 1e-3 };

const LAMBDAS = [3e-4, 1e-4, 3e-5, 1e-5, 3e-3, 1e-2, 3e-2];
const SHRINKS = [0.1, 0.3, 0.7];
const TOO_FEW = 3;
const FEW = 9;

/**
 * The recipes to choose from, the default first. The fewer images there are, the fewer recipes: choosing between many on a
 * handful of held-out images costs more than it gains (measured on the emoji groups of `npm run demo`, 24 splits: at 3 images a
 * class .641 with the default, .628 with a choice; at 8 .773 and .767; from 20 up a choice wins).
 *
 * @param fewest images of the smallest class
 */
export function candidateRecipes(fewest: number): Recipe[] {
  if (fewest <= TOO_FEW) return [DEFAULT_RECIPE];
  if (fewest <= FEW) return [DEFAULT_RECIPE, { kind: 'discriminant', shrink: 0.3 }];
  const discriminants = SHRINKS.map((shrink): Recipe => ({ kind: 'discriminant', shrink }));
  return [DEFAULT_RECIPE, ...discriminants, ...LAMBDAS.map((lambda): Recipe => ({ kind: 'logistic', lambda }))];
}

/** A recipe in words. */
export function recipeName(recipe: Recipe): string {
  if (recipe.kind === 'logistic') return `logistic regression, lambda ${recipe.lambda}`;
  return `linear discriminant, shrinkage ${recipe.shrink}`;
}

/** What training needs besides its samples. */
export interface TrainerOptions {
  /** Length of the features before any projection onto the space of their rows. */
  dimensions: number;
  kernels: Kernels;
  /** Awaited between steps: gives way to other work, and throws to stop. */
  pause: () => Promise<void>;
}

/** Training samples of one fold (or all), with what several recipes can share. */
export class Trainer {
  readonly #samples: Samples;
  readonly #dimensions: number;
  readonly #pause: () => Promise<void>;
  readonly #kernels: Kernels;
  readonly #logistic: LogisticRegression;
  #scatter: Scatter | undefined;
  #warm: LinearHead | undefined;

  constructor(samples: Samples, options: TrainerOptions) {
    this.#samples = samples;
    this.#dimensions = options.dimensions;
    this.#pause = options.pause;
    this.#kernels = options.kernels;
    this.#logistic = new LogisticRegression(samples, options.kernels);
  }

  /** The head that a recipe gives on these samples. */
  async fit(recipe: Recipe): Promise<LinearHead> {
    await this.#pause();
    if (recipe.kind === 'discriminant') return this.#discriminant(recipe.shrink);
    const options = { lambda: recipe.lambda, start: this.#warm, pause: this.#pause };
    this.#warm = await this.#logistic.fit(options);
    return this.#warm;
  }

  async #discriminant(shrink: number): Promise<LinearHead> {
    this.#scatter ??= await scatterOf(this.#samples, this.#kernels);
    return fitDiscriminant(this.#scatter, shrink, this.#dimensions);
  }
}
