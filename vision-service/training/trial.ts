import { logLosses, softmax } from '../heads/linear-head.ts';
import { eachRow, type Rows } from '../heads/rows.ts';
import { fitTemperature } from '../heads/temperature.ts';
import { addScaled, argMax } from '../heads/vectors.ts';
import type { Recipe } from './recipes.ts';

/** How a recipe did on images that its heads had not seen. */
export interface Trial {
  recipe: Recipe;
  /** What the scores of each head are multiplied by before they are added. */
  factors: number[];
  temperature: number;
  /** Out-of-fold probabilities of the images that were held out, at that temperature. */
  scores: Float32Array[];
  /** Negative log-likelihood of each of them, nats. */
  losses: Float64Array;
  /** Their mean. */
  loss: number;
  /** Share of them that was right, 0–1. */
  accuracy: number;
}

/**
 * Judges a recipe by the out-of-fold scores of its heads.
 *
 * @param scores of each head of the recipe, one row an image that was held out
 * @param labels true classes of those images
 */
export function judge(recipe: Recipe, scores: readonly Rows[], labels: readonly number[]): Trial {
  const present = [...new Set(labels)];
  const factors = scores.length === 1 ? [1] : scores.map((rows) => 1 / spreadOf(rows, present));
  const sum = addedUp(scores, factors);
  const temperature = fitTemperature(sum, labels);
  const probabilities = eachRow(sum).map((row) => Float32Array.from(softmax(row, temperature)));
  const losses = logLosses(probabilities, labels);
  const loss = losses.reduce((total, value) => total + value, 0) / losses.length;
  const right = probabilities.filter((row, i) => argMax(row) === labels[i]).length;
  return { recipe, factors, temperature, scores: probabilities, losses, loss, accuracy: right / labels.length };
}

/**
 * Whether a trial's mean loss is lower than another's by more than so many standard errors of the difference, image by image:
 * with few images most differences are chance, and choosing between many recipes by them costs more than it gains. Fewer than
 * none: whether it is not higher by more than so many.
 */
export function improves(candidate: Trial, on: Trial, errors = 1): boolean {
  const differences = candidate.losses.map((loss, i) => (on.losses[i] ?? loss) - loss);
  const count = Math.max(differences.length, 1);
  const mean = differences.reduce((sum, value) => sum + value, 0) / count;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(count - 1, 1);
  const least = errors * Math.sqrt(variance / count);
  return errors < 0 ? !(mean < least) : mean > least;
}

/** Root mean square of the scores around each image's mean, over the classes that the images have. */
function spreadOf(scores: Rows, classes: readonly number[]): number {
  let sum = 0;
  for (const row of eachRow(scores)) {
    const mean = classes.reduce((total, c) => total + (row[c] ?? 0), 0) / classes.length;
    for (const c of classes) sum += ((row[c] ?? 0) - mean) ** 2;
  }
  return Math.max(Math.sqrt(sum / Math.max(scores.count * classes.length, 1)), 1e-12);
}

function addedUp(scores: readonly Rows[], factors: readonly number[]): Rows {
  const [first] = scores;
  if (first === undefined) throw new Error('A recipe without heads cannot be judged');
  const data = new Float32Array(first.data.length);
  for (const [i, rows] of scores.entries()) addScaled(data, factors[i] ?? 1, rows.data);
  return { ...first, data };
}
