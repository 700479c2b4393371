import type { Rows } from './rows.ts';
import { addScaled, dot, type Vector } from './vectors.ts';

/** A linear classifier: class `c` scores `weights[c] · x + biases[c]`; every recipe ends up as one. */
export interface LinearHead {
  /** One row a class. */
  weights: Float64Array[];
  biases: Float64Array;
}

/** Scores before the softmax, one a class. */
export function logits(head: LinearHead, features: Vector): Float64Array {
  return Float64Array.from(head.weights, (row, c) => dot(row, features) + (head.biases[c] ?? 0));
}

/** A head as the kernels take it. */
export function floatHead({ weights, biases }: LinearHead): { weights: Rows; biases: Float32Array } {
  const length = weights[0]?.length ?? 0;
  const data = new Float32Array(weights.length * length);
  for (const [c, row] of weights.entries()) data.set(row, c * length);
  return { weights: { data, count: weights.length, length }, biases: Float32Array.from(biases) };
}

/** Whether every weight and bias is a finite number. */
export function isFiniteHead({ weights, biases }: LinearHead): boolean {
  return biases.every(Number.isFinite) && weights.every((row) => row.every(Number.isFinite));
}

/** The head whose scores are the sum of the heads' scores, each times its factor. */
export function weightedSum(heads: readonly { head: LinearHead; factor: number }[]): LinearHead {
  const [first] = heads;
  if (first === undefined) throw new Error('There is no head to sum');
  const weights = first.head.weights.map((row) => new Float64Array(row.length));
  const biases = new Float64Array(first.head.biases.length);
  for (const { head, factor } of heads) {
    for (const [c, row] of head.weights.entries()) addScaled(weights[c] ?? row, factor, row);
    addScaled(biases, factor, head.biases);
  }
  return { weights, biases };
}

/** Probabilities of logits divided by a temperature; they sum to 1. Safe for logits of any size. */
export function softmax(values: Vector, temperature = 1): Float64Array {
  let highest = Number.NEGATIVE_INFINITY;
  for (const value of values) highest = Math.max(highest, value);
  const exponentials = Float64Array.from(values, (value) => Math.exp((value - highest) / temperature));
  let total = 0;
  for (const value of exponentials) total += value;
  return exponentials.map((value) => value / total);
}

/** Negative log-likelihood (nats) of the true class of each row; a probability below 1e-12 counts as 1e-12. */
export function logLosses(probabilities: readonly Vector[], labels: readonly number[]): Float64Array {
  return Float64Array.from(probabilities, (row, i) => -Math.log(Math.max(row[labels[i] ?? 0] ?? 0, 1e-12)));
}
