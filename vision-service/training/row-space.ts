import { CholeskyDecomposition } from 'ml-matrix';
import { type Kernels, matrixOf } from '../heads/kernels.ts';
import { symmetric } from '../heads/symmetric.ts';
import { addScaled } from '../heads/vectors.ts';

/** Features in fewer coordinates that keep every inner product, and the way back for a head's weights. */
export interface RowSpace {
  rows: Float64Array[];
  /** Weights on the original features that give the same scores. */
  lift(weights: Float64Array): Float64Array;
}

/** Keeps the factor well defined when images repeat; far below what decides anything. */
const JITTER = 1e-5;

/**
 * Coordinates of n feature vectors of d > n entries in the n-dimensional space that they span: the rows of the Cholesky factor
 * of their inner products, so that training costs n instead of d a row. Features that are not longer than many stay as they are.
 */
export async function rowSpaceOf(features: readonly Float64Array[], kernels: Kernels): Promise<RowSpace> {
  if ((features[0]?.length ?? 0) <= features.length) return { rows: [...features], lift: (weights) => weights };
  const products = symmetric(await kernels.innerProducts(matrixOf(features)), features.length);
  for (const i of features.keys()) products.set(i, i, products.get(i, i) + JITTER);
  const factor = new CholeskyDecomposition(products).lowerTriangularMatrix;
  const rows = factor.to2DArray().map((row) => Float64Array.from(row));
  return { rows, lift: (weights) => combine(features, solveTransposed(rows, weights)) };
}

/** Solves Lᵀ x = b, L being lower triangular, by rows. */
function solveTransposed(lower: readonly Float64Array[], right: Float64Array): Float64Array {
  const solution = right.slice();
  for (const [i, row] of [...lower.entries()].toReversed()) {
    const value = (solution[i] ?? 0) / (row[i] ?? 1);
    addScaled(solution.subarray(0, i), -value, row);
    solution[i] = value;
  }
  return solution;
}

function combine(features: readonly Float64Array[], factors: Float64Array): Float64Array {
  const sum = new Float64Array(features[0]?.length ?? 0);
  for (const [i, feature] of features.entries()) addScaled(sum, factors[i] ?? 0, feature);
  return sum;
}
