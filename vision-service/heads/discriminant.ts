import { factorise, type Square, solveLower, solveUpper } from './cholesky.ts';
import type { Kernels } from './kernels.ts';
import type { LinearHead } from './linear-head.ts';
import { eachRow, type Rows, rowAt } from './rows.ts';
import { classMeans, type Samples } from './samples.ts';
import { addScaled, dot } from './vectors.ts';

/** Score of a class that had no sample: it never wins. */
export const NEVER = -1e9;

/** What the analysis needs of the samples; the same for every α. */
export interface Scatter {
  /** Pooled covariance within classes, row by row. */
  within: Float32Array;
  /** One row a class. */
  means: Rows;
  counts: readonly number[];
}

/** Class means and the pooled covariance within classes. */
export async function scatterOf(samples: Samples, kernels: Kernels): Promise<Scatter> {
  const { means, counts } = classMeans(samples);
  const deviations = { ...samples.rows, data: samples.rows.data.slice() };
  for (const [i, label] of samples.labels.entries()) addScaled(rowAt(deviations, i), -1, rowAt(means, label));
  const within = await kernels.columnProducts(deviations);
  for (let i = 0; i < within.length; i += 1) within[i] = (within[i] ?? 0) / samples.rows.count;
  return { within, means, counts };
}

export interface DiscriminantOptions {
  /** α, 0 < α ≤ 1. */
  shrink: number;
  /** d: length of the features before any projection onto the space of their rows. */
  dimensions: number;
  /** Whether a class is as likely beforehand as it is frequent in the samples; else all are alike. */
  asCounted: boolean;
}

/**
 * Linear discriminant analysis with a shrunk covariance Σ = (1−α) S + α·tr(S)/d · I, S being the pooled covariance within
 * classes (Friedman, "Regularized Discriminant Analysis", 1989). Class `c` scores μ_cᵀ Σ⁻¹ x − ½ μ_cᵀ Σ⁻¹ μ_c + log P(c).
 */
export async function fitDiscriminant(
  scatter: Scatter,
  options: DiscriminantOptions,
  kernels: Kernels,
): Promise<LinearHead> {
  const { means, counts } = scatter;
  const factor = await factorise(shrunk(scatter, options), kernels);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const weights = eachRow(means).map((mean) => {
    const row = Float64Array.from(mean);
    solveLower(factor, row);
    solveUpper(factor, row);
    return row;
  });
  const biases = Float64Array.from(weights, (row, c) => {
    const count = counts[c] ?? 0;
    if (count === 0) return NEVER;
    return (options.asCounted ? Math.log(count / total) : 0) - dot(row, rowAt(means, c)) / 2;
  });
  return { weights, biases };
}

/** Σ; only its lower half is made. Without any spread it is all ridge, which makes the nearest class mean win. */
function shrunk({ within, means }: Scatter, { shrink, dimensions }: DiscriminantOptions): Square {
  const size = means.length;
  const data = new Float64Array(size * size);
  let trace = 0;
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) data[i * size + j] = (1 - shrink) * (within[i * size + j] ?? 0);
    trace += within[i * size + i] ?? 0;
  }
  const ridge = Math.max((shrink * trace) / dimensions, 1e-9);
  for (let i = 0; i < size; i += 1) data[i * size + i] = (data[i * size + i] ?? 0) + ridge;
  return { data, size };
}
