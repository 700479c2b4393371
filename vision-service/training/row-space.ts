import { factorise, type Square, solveUpper } from '../heads/cholesky.ts';
import type { Kernels } from '../heads/kernels.ts';
import type { LinearHead } from '../heads/linear-head.ts';
import { type Rows, rowAt } from '../heads/rows.ts';
import { addScaled } from '../heads/vectors.ts';

/** Features in fewer coordinates that keep every inner product, and the way back for a head's weights. */
export interface RowSpace {
  rows: Rows;
  /** The head on the original features that gives the same scores. */
  lift: (head: LinearHead) => LinearHead;
}

/** Keeps the factor well defined when images repeat; far below what decides anything. */
const JITTER = 1e-5;

/**
 * Coordinates of n feature vectors of d > n entries in the n-dimensional space that they span: the rows of the Cholesky factor
 * of their inner products, so that training costs n instead of d a row. Features that are not longer than many stay as they are.
 */
export async function rowSpaceOf(features: Rows, kernels: Kernels): Promise<RowSpace> {
  if (features.length <= features.count) return { rows: features, lift: (head) => head };
  const size = features.count;
  const products = Float64Array.from(await kernels.innerProducts(features));
  for (let i = 0; i < size; i += 1) products[i * size + i] = (products[i * size + i] ?? 0) + JITTER;
  const factor = await factorise({ data: products, size }, kernels);
  const lift = ({ weights, biases }: LinearHead) => ({
    weights: weights.map((row) => combine(features, solved(factor, row))),
    biases,
  });
  return { rows: lowerHalf(factor), lift };
}

/** The factor as rows, nought above the diagonal. */
function lowerHalf({ data, size }: Square): Rows {
  const rows = new Float32Array(size * size);
  for (let i = 0; i < size; i += 1) rows.set(data.subarray(i * size, i * size + i + 1), i * size);
  return { data: rows, count: size, length: size };
}

function solved(factor: Square, weights: Float64Array): Float64Array {
  const factors = weights.slice();
  solveUpper(factor, factors);
  return factors;
}

function combine(features: Rows, factors: Float64Array): Float64Array {
  const sum = new Float64Array(features.length);
  for (const [i, factor] of factors.entries()) addScaled(sum, factor, rowAt(features, i));
  return sum;
}
