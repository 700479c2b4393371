import type { Kernels, LabelledRows } from './kernels.ts';
import { minimise } from './lbfgs.ts';
import type { LinearHead } from './linear-head.ts';
import { countsOf, type Samples } from './samples.ts';
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
/** Largest entry of the gradient at the end: with 1e-4 the objective stayed 1.3 % above what a full solution reaches. */
const TOLERANCE = 7e-5;

/** Multinomial logistic regression on samples that stay the same while λ changes. */
export class LogisticRegression {
  readonly #kernels: Kernels;
  readonly #data: LabelledRows;

  private constructor(kernels: Kernels, data: LabelledRows) {
    this.#kernels = kernels;
    this.#data = data;
  }

  /** @param options `asCounted`: every image weighs the same; else every class does, however many images it has */
  static async on(samples: Samples, options: { kernels: Kernels; asCounted: boolean }): Promise<LogisticRegression> {
    const { rows, labels, classes } = samples;
    const targets = new Float32Array(rows.count * classes);
    for (const [i, label] of labels.entries()) targets[i * classes + label] = 1;
    return new LogisticRegression(options.kernels, {
      x: rows,
      columns: await options.kernels.transposed(rows),
      targets: { data: targets, count: rows.count, length: classes },
      shares: { data: sharesOf(samples, options.asCounted), count: rows.count, length: 1 },
    });
  }

  /** The head that minimises mean cross-entropy + λ/2 |W|². */
  async fit({ lambda, start, pause }: LogisticOptions): Promise<LinearHead> {
    const [classes, dimensions] = [this.#data.targets.length, this.#data.x.length];
    const limits = { maxIterations: MAX_ITERATIONS, tolerance: TOLERANCE, pause };
    const point = packed(start, classes, dimensions);
    await minimise((at, gradient) => this.#objective(at, gradient, lambda), point, limits);
    const weights = Array.from({ length: classes }, (_, c) => point.slice(c * dimensions, (c + 1) * dimensions));
    return { weights, biases: point.slice(classes * dimensions) };
  }

  async #objective(point: Float64Array, gradient: Float64Array, lambda: number): Promise<number> {
    const [classes, dimensions] = [this.#data.targets.length, this.#data.x.length];
    const size = classes * dimensions;
    const numbers = new Float32Array(point);
    const head = {
      weights: { data: numbers.subarray(0, size), count: classes, length: dimensions },
      biases: numbers.slice(size),
    };
    const { loss, weightSlope, biasSlope } = await this.#kernels.crossEntropy(this.#data, head);
    const weights = point.subarray(0, size);
    gradient.set(weightSlope);
    addScaled(gradient.subarray(0, size), lambda, weights);
    gradient.set(biasSlope, size);
    return loss + (lambda / 2) * dot(weights, weights);
  }
}

/** Shares that sum to 1 over all rows, and, unless `asCounted`, to the same over the rows of each class that has any. */
function sharesOf(samples: Samples, asCounted: boolean): Float32Array {
  const counts = countsOf(samples);
  const present = counts.filter((count) => count > 0).length;
  const share = (label: number) => 1 / (asCounted ? samples.rows.count : present * (counts[label] ?? 1));
  return Float32Array.from(samples.labels, share);
}

/** One vector for the solver: the weights of class 0, of class 1, …, then the biases. */
function packed(head: LinearHead | undefined, classes: number, dimensions: number): Float64Array {
  const vector = new Float64Array(classes * (dimensions + 1));
  if (head === undefined) return vector;
  for (const [c, weights] of head.weights.entries()) vector.set(weights, c * dimensions);
  vector.set(head.biases, classes * dimensions);
  return vector;
}
