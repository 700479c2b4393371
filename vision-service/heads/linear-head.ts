import { dot, type Vector } from './vectors.ts';

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

/** Probabilities of logits divided by a temperature; they sum to 1. Safe for logits of any size. */
export function softmax(values: Float64Array, temperature = 1): Float64Array {
  const highest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = values.map((value) => Math.exp((value - highest) / temperature));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

/** Mean negative log-likelihood (nats) of the true classes; a probability below 1e-12 counts as 1e-12. */
export function logLoss(probabilities: readonly Vector[], labels: readonly number[]): number {
  const total = probabilities.reduce((sum, row, i) => sum - Math.log(Math.max(row[labels[i] ?? 0] ?? 0, 1e-12)), 0);
  return probabilities.length > 0 ? total / probabilities.length : 0;
}
