import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { type Kernels, matrixOf } from './kernels.ts';
import type { LinearHead } from './linear-head.ts';
import { rowsByClass, type Samples } from './samples.ts';
import { symmetric } from './symmetric.ts';
import { addScaled, dot, meanOf, type Vector } from './vectors.ts';

/** Score of a class that had no sample: it never wins. */
const NEVER = -1e3;

/**
 * Linear discriminant analysis with a shrunk covariance Σ = (1−α) S + α·tr(S)/d · I, S being the pooled covariance within
 * classes (Friedman, "Regularized Discriminant Analysis", 1989). Class `c` scores μ_cᵀ Σ⁻¹ x − ½ μ_cᵀ Σ⁻¹ μ_c: every class is as
 * likely beforehand, because the loop chooses how many images each has.
 *
 * @param shrink α, 0 < α ≤ 1
 * @param dimensions d: length of the features before any projection onto the space of their rows
 */
export function fitDiscriminant(scatter: Scatter, shrink: number, dimensions: number): LinearHead {
  const { within, means, counts } = scatter;
  const ridge = Math.max((shrink * within.trace()) / dimensions, 1e-9);
  const shrunk = Matrix.mul(within, 1 - shrink).add(Matrix.eye(within.rows, within.rows, ridge));
  const solved = new CholeskyDecomposition(shrunk).solve(new Matrix(means.map((mean) => [...mean])).transpose());
  const weights = means.map((_, c) =>
    counts[c] === 0 ? new Float64Array(within.rows) : Float64Array.from(solved.getColumn(c)),
  );
  const biases = Float64Array.from(weights, (row, c) => biasOf(row, means[c] ?? row, counts[c] ?? 0));
  return { weights, biases };
}

/** What the analysis needs of the samples; the same for every α. */
export interface Scatter {
  within: Matrix;
  means: Float64Array[];
  counts: number[];
}

/** Class means and the pooled covariance within classes. */
export async function scatterOf(samples: Samples, kernels: Kernels): Promise<Scatter> {
  const size = samples.rows[0]?.length ?? 0;
  const groups = rowsByClass(samples);
  const means = groups.map((rows) => meanOf(rows, size));
  const deviations = groups.flatMap((rows, c) => rows.map((row) => minus(row, means[c] ?? row)));
  const within = await covariance(deviations, kernels);
  return { within, means, counts: groups.map((rows) => rows.length) };
}

function minus(row: Vector, mean: Vector): Float64Array {
  const deviation = Float64Array.from(row);
  addScaled(deviation, -1, mean);
  return deviation;
}

/** Mean outer product of the deviations: inner products of their columns. */
async function covariance(deviations: readonly Float64Array[], kernels: Kernels): Promise<Matrix> {
  const size = deviations[0]?.length ?? 0;
  const columns = Array.from({ length: size }, (_, j) => Float32Array.from(deviations, (row) => row[j] ?? 0));
  const products = await kernels.innerProducts(matrixOf(columns));
  return symmetric(products, size).div(deviations.length);
}

function biasOf(weights: Float64Array, mean: Float64Array, count: number): number {
  return count === 0 ? NEVER : -dot(weights, mean) / 2;
}
