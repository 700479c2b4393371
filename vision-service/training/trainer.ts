import { fitDiscriminant, type Scatter, scatterOf } from '../heads/discriminant.ts';
import type { Kernels } from '../heads/kernels.ts';
import type { LinearHead } from '../heads/linear-head.ts';
import { LogisticRegression } from '../heads/logistic.ts';
import { fitPrototypes } from '../heads/prototypes.ts';
import type { Samples } from '../heads/samples.ts';
import type { HeadRecipe } from './recipes.ts';

/** What training needs besides its samples. */
export interface TrainerOptions {
  /** Length of the features before any projection onto the space of their rows. */
  dimensions: number;
  kernels: Kernels;
  /** Whether a class is as likely as it is frequent in the samples; else all are alike. */
  asCounted: boolean;
}

/** Training samples of one fold (or all), with what several heads can share. */
export class Trainer {
  readonly #samples: Samples;
  readonly #options: TrainerOptions;
  #scatter: Scatter | undefined;
  #logistic: LogisticRegression | undefined;
  #warm: LinearHead | undefined;

  constructor(samples: Samples, options: TrainerOptions) {
    this.#samples = samples;
    this.#options = options;
  }

  /**
   * The head that a recipe gives on these samples.
   *
   * @param pause awaited between steps: gives way to other work, and throws to stop
   */
  async fit(recipe: HeadRecipe, pause: () => Promise<void>): Promise<LinearHead> {
    await pause();
    if (recipe.kind === 'prototypes') return fitPrototypes(this.#samples);
    if (recipe.kind === 'discriminant') return this.#discriminant(recipe.shrink, pause);
    this.#logistic ??= await LogisticRegression.on(this.#samples, this.#options);
    const head = await this.#logistic.fit({ lambda: recipe.lambda, start: this.#warm, pause });
    this.#warm = head;
    return head;
  }

  async #discriminant(shrink: number, pause: () => Promise<void>): Promise<LinearHead> {
    const { kernels, dimensions, asCounted } = this.#options;
    this.#scatter ??= await scatterOf(this.#samples, kernels);
    await pause();
    return fitDiscriminant(this.#scatter, { shrink, dimensions, asCounted }, kernels);
  }
}
