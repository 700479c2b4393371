import { type Kernels, type LabelledRows, matrixOf, matrixOver } from './kernels.ts';
import { minimise } from './lbfgs.ts';
import type { LinearHead } from './linear-head.ts';
import type { Samples } from './samples.ts';
import { addScaled, dot } from './vectors.ts';

export interface LogisticOptions {
  /** Weight of ½|W|² beside the mean cross-entropy; biases are free. */
  lambda: number;
  /** Head to begin from; all zeros if not given. */
  start?: LinearHead | undefined;
  /** Awaited between iterations: gives way to other work, and throws to stop. */
  pause: () => Promise<void>;
}

const MAX_ITERATIONS = 200;
const TOLERANCE = 1e-4;

/**
 * Multinomial logistic regression on samples that stay the same while λ changes. Every class weighs the same, however many
 * images it has: the loop chooses those numbers, so they say nothing of how often a class occurs.
 */
export class LogisticRegression {
  readonly #kernels: Kernels;
  readonly #data: LabelledRows;

  constructor(samples: Samples, kernels: Kernels) {
    this.#kernels = kernels;
    this.#data = {
      x: matrixOf(samples.rows),
      targets: matrixOf(samples.labels.map((label) => oneHot(label, samples.classes))),
      shares: matrixOf(balancedShares(samples).map((share) => Float32Array.of(share))),
    };
  }

  /** The head that minimises mean cross-entropy (by class) + λ/2 |W|². */
  async fit({ lambda, start, pause }: LogisticOptions): Promise<LinearHead> {
    const [classes, dimensions] = [this.#data.targets.columns, this.#data.x.columns];
    const limits = { maxIterations: MAX_ITERATIONS, tolerance: TOLERANCE, pause };
    const point = packed(start, classes, dimensions);
    await minimise((at, gradient) => this.#objective(at, gradient, lambda), point, limits);
    const weights = Array.from({ length: classes }, (_, c) => point.slice(c * dimensions, (c + 1) * dimensions));
    return { weights, biases: point.slice(classes * dimensions) };
  }

  async #objective(point: Float64Array, gradient: Float64Array, lambda: number): Promise<number> {
    const [classes, dimensions] = [this.#data.targets.columns, this.#data.x.columns];
    const size = classes * dimensions;
    const numbers = Float32Array.from(point);
    const head = { weights: matrixOver(numbers.subarray(0, size), classes, dimensions), biases: numbers.slice(size) };
    const { loss, weightSlope, biasSlope } = await this.#kernels.crossEntropy(this.#data, head);
    const weights = point.subarray(0, size);
    gradient.fill(0);
    addScaled(gradient.subarray(0, size), 1, weightSlope);
    addScaled(gradient.subarray(0, size), lambda, weights);
    addScaled(gradient.subarray(size), 1, biasSlope);
    return loss + (lambda / 2) * dot(weights, weights);
  }
}

/** Shares that sum to 1 over all rows, and to the same over the rows of each class that has any. */
function balancedShares({ labels, classes }: Samples): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  const present = counts.filter((count) => count > 0).length;
  return labels.map((label) => 1 / (present * (counts[label] ?? 1)));
}

function oneHot(label: number, classes: number): Float32Array {
  return Float32Array.from({ length: classes }, (_, c) => (c === label ? 1 : 0));
}

/** One vector for the solver: the weights of class 0, of class 1, …, then the biases. */
function packed(head: LinearHead | undefined, classes: number, dimensions: number): Float64Array {
  const vector = new Float64Array(classes * (dimensions + 1));
  if (head === undefined) return vector;
  for (const [c, weights] of head.weights.entries()) vector.set(weights, c * dimensions);
  vector.set(head.biases, classes * dimensions);
  return vector;
}
