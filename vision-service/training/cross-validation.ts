import { type LinearHead, logits, logLoss, softmax } from '../heads/linear-head.ts';
import { pick, type Samples } from '../heads/samples.ts';
import { fitTemperature } from '../heads/temperature.ts';
import { centred, centreOf } from '../heads/transform.ts';
import { argMax } from '../heads/vectors.ts';
import { type Recipe, Trainer, type TrainerOptions } from './recipes.ts';

/** How a recipe did on images that its heads had not seen. */
export interface Trial {
  recipe: Recipe;
  /** Share of held-out images that were right, 0–1. */
  accuracy: number;
  /** Mean negative log-likelihood of the held-out images at that temperature, nats. */
  loss: number;
  temperature: number;
  /** Out-of-fold probabilities of the images that were held out, in the order of `heldOut`. */
  scores: Float64Array[];
}

interface Fold {
  trainer: Trainer;
  positions: number[];
  rows: Float64Array[];
}

/** Cross-validation over folds made once: every recipe is tried on the same ones. */
export class CrossValidation {
  /** Positions of the images that are held out in some fold, ascending. */
  readonly heldOut: readonly number[];
  readonly #folds: readonly Fold[];
  readonly #labels: readonly number[];

  /**
   * @param units features of unit length; each fold is centred on its own training images
   * @param assigned fold of each image, −1: never held out
   */
  constructor(units: Samples, assigned: readonly number[], options: TrainerOptions) {
    this.heldOut = [...assigned.keys()].filter((i) => assigned[i] !== -1);
    this.#labels = units.labels;
    const folds = [...new Set(assigned)].filter((fold) => fold !== -1).sort((a, b) => a - b);
    this.#folds = folds.map((fold) => foldOf(units, assigned, { fold, ...options }));
  }

  /** Trains the recipe once a fold and scores the images held out. */
  async try(recipe: Recipe): Promise<Trial> {
    const found = new Map<number, Float64Array>();
    for (const fold of this.#folds) {
      const head: LinearHead = await fold.trainer.fit(recipe);
      for (const [i, row] of fold.rows.entries()) found.set(fold.positions[i] ?? -1, logits(head, row));
    }
    const outputs = this.heldOut.flatMap((position) => found.get(position) ?? []);
    const labels = this.heldOut.flatMap((position) => this.#labels[position] ?? []);
    const temperature = fitTemperature(outputs, labels);
    const scores = outputs.map((row) => softmax(row, temperature));
    const right = scores.filter((row, i) => argMax(row) === labels[i]).length;
    return { recipe, accuracy: right / labels.length, loss: logLoss(scores, labels), temperature, scores };
  }
}

function foldOf(units: Samples, assigned: readonly number[], options: TrainerOptions & { fold: number }): Fold {
  const positions = [...assigned.keys()].filter((i) => assigned[i] === options.fold);
  const training = pick(
    units,
    [...assigned.keys()].filter((i) => assigned[i] !== options.fold),
  );
  const mean = centreOf(training.rows);
  const samples = { ...training, rows: training.rows.map((row) => centred(row, mean)) };
  const rows = pick(units, positions).rows.map((row) => centred(row, mean));
  return { trainer: new Trainer(samples, options), positions, rows };
}
