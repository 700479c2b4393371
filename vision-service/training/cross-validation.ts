import type { Kernels } from '../heads/kernels.ts';
import { floatHead, isFiniteHead } from '../heads/linear-head.ts';
import { meanRow, type Rows, rowAt } from '../heads/rows.ts';
import { pick, type Samples } from '../heads/samples.ts';
import { centredRows } from '../heads/transform.ts';
import { type HeadRecipe, headName } from './recipes.ts';
import { Trainer } from './trainer.ts';

/** Rows to learn from: those of the images, then those of their views. */
export interface ViewedSamples extends Samples {
  /** Image that each row shows; the first rows are the images themselves, in their order. */
  images: readonly number[];
}

export interface ValidationOptions {
  dimensions: number;
  kernels: Kernels;
  asCounted: boolean;
  /** Milliseconds from any moment on. */
  now: () => number;
}

interface Fold {
  trainer: Trainer;
  /** Where the fold's images stand among those held out. */
  places: number[];
  rows: Rows;
}

/** Cross-validation over folds made once: every head is tried on the same ones. Views of an image are on its side, and never scored. */
export class CrossValidation {
  readonly #samples: ViewedSamples;
  readonly #assigned: readonly number[];
  readonly #heldOut: readonly number[];
  readonly #options: ValidationOptions;
  readonly #scores = new Map<string, Rows | undefined>();
  #folds: Fold[] | undefined;
  /** Longest time that one fit took, milliseconds. */
  #slowest = 0;

  /**
   * @param samples unit-length features; each fold is centred on its own training rows
   * @param assigned fold of each image, −1: never held out
   */
  constructor(samples: ViewedSamples, assigned: readonly number[], options: ValidationOptions) {
    this.#samples = samples;
    this.#assigned = assigned;
    this.#heldOut = heldOutOf(assigned);
    this.#options = options;
  }

  get slowestFitMs(): number {
    return this.#slowest;
  }

  /**
   * Scores of the images that are held out in some fold, in their order, each by a head that had not seen it.
   *
   * @returns undefined when the recipe gives a head that is not finite
   * @throws what `pause` throws
   */
  async scores(recipe: HeadRecipe, pause: () => Promise<void>): Promise<Rows | undefined> {
    const known = this.#scores.get(headName(recipe));
    if (known !== undefined) return known;
    const scores = await this.#compute(recipe, pause);
    this.#scores.set(headName(recipe), scores);
    return scores;
  }

  async #compute(recipe: HeadRecipe, pause: () => Promise<void>): Promise<Rows | undefined> {
    const { classes } = this.#samples;
    const data = new Float32Array(this.#heldOut.length * classes);
    this.#folds ??= this.#makeFolds();
    for (const { trainer, places, rows } of this.#folds) {
      const begun = this.#options.now();
      const head = await trainer.fit(recipe, pause);
      this.#slowest = Math.max(this.#slowest, this.#options.now() - begun);
      if (!isFiniteHead(head)) return undefined;
      const scores = await this.#options.kernels.scores(rows, floatHead(head));
      for (const [i, place] of places.entries()) data.set(rowAt(scores, i), place * classes);
    }
    return { data, count: this.#heldOut.length, length: classes };
  }

  #makeFolds(): Fold[] {
    const folds = [...new Set(this.#assigned)].filter((fold) => fold !== -1).sort((a, b) => a - b);
    return folds.map((fold) => this.#foldOf(fold));
  }

  #foldOf(fold: number): Fold {
    const { images, rows } = this.#samples;
    const training = pick(
      this.#samples,
      [...images.keys()].filter((row) => this.#assigned[images[row] ?? -1] !== fold),
    );
    const mean = meanRow(training.rows);
    const everyRow = [...training.labels.keys()];
    const trainer = new Trainer({ ...training, rows: centredRows(training.rows, everyRow, mean) }, this.#options);
    const positions = this.#heldOut.filter((image) => this.#assigned[image] === fold);
    const places = [...this.#heldOut.keys()].filter((place) => this.#assigned[this.#heldOut[place] ?? -1] === fold);
    return { trainer, places, rows: centredRows(rows, positions, mean) };
  }
}

/** Images that are held out in some fold, ascending. */
export function heldOutOf(assigned: readonly number[]): number[] {
  return [...assigned.keys()].filter((image) => assigned[image] !== -1);
}
