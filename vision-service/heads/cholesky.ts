import type { Kernels } from './kernels.ts';

/** A symmetric positive definite matrix or its lower triangular factor, row by row; only the lower half counts. */
export interface Square {
  data: Float64Array;
  size: number;
}

/** Columns that are factorised at a time by loops; the rest of the work is one product of matrices in the kernels. */
const BLOCK = 128;
/** A pivot that rounding made nought or negative becomes this share of the diagonal's mean. */
const LEAST_PIVOT = 1e-9;

/**
 * The lower triangular L with L Lᵀ = the matrix, in its place: the blocked right-looking Cholesky factorisation (Golub and Van
 * Loan, "Matrix Computations", algorithm 4.2.4). Products of large blocks are taken in 32-bit floats, which is enough where the
 * smallest eigenvalue is above 1e-6 of the largest, as a ridge makes sure.
 */
export async function factorise(matrix: Square, kernels: Kernels): Promise<Square> {
  const floor = LEAST_PIVOT * meanDiagonal(matrix);
  for (let start = 0; start < matrix.size; start += BLOCK) {
    const end = Math.min(start + BLOCK, matrix.size);
    factorisePanel(matrix, { start, end, floor });
    if (end < matrix.size) await updateRest(matrix, { start, end, kernels });
  }
  return matrix;
}

function meanDiagonal({ data, size }: Square): number {
  let sum = 0;
  for (let i = 0; i < size; i += 1) sum += data[i * size + i] ?? 0;
  return sum / Math.max(size, 1);
}

/** The columns `start` to `end` of the factor, for all rows below `start`. */
function factorisePanel(matrix: Square, { start, end, floor }: { start: number; end: number; floor: number }): void {
  const { data, size } = matrix;
  for (let i = start; i < size; i += 1) {
    const row = i * size;
    for (let j = start; j < Math.min(i, end); j += 1) {
      const sum = panelDot(data, { a: row, b: j * size, start, end: j });
      data[row + j] = ((data[row + j] ?? 0) - sum) / (data[j * size + j] ?? 1);
    }
    if (i >= end) continue;
    const pivot = (data[row + i] ?? 0) - panelDot(data, { a: row, b: row, start, end: i });
    data[row + i] = Math.sqrt(Math.max(pivot, floor));
  }
}

/** Inner product of columns `start` to `end` of two rows that begin at `a` and `b`; four sums side by side. */
function panelDot(data: Float64Array, at: { a: number; b: number; start: number; end: number }): number {
  const { a, b, start, end } = at;
  const even = end - ((end - start) % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let k = start; k < even; k += 4) {
    s0 += (data[a + k] ?? 0) * (data[b + k] ?? 0);
    s1 += (data[a + k + 1] ?? 0) * (data[b + k + 1] ?? 0);
    s2 += (data[a + k + 2] ?? 0) * (data[b + k + 2] ?? 0);
    s3 += (data[a + k + 3] ?? 0) * (data[b + k + 3] ?? 0);
  }
  for (let k = even; k < end; k += 1) s0 += (data[a + k] ?? 0) * (data[b + k] ?? 0);
  return s0 + s1 + s2 + s3;
}

/** Takes the panel's share off the rows and columns behind it. */
async function updateRest(matrix: Square, { start, end, kernels }: { start: number; end: number; kernels: Kernels }) {
  const { data, size } = matrix;
  const [count, length] = [size - end, end - start];
  const panel = new Float32Array(count * length);
  for (let i = 0; i < count; i += 1) {
    const row = (end + i) * size;
    panel.set(data.subarray(row + start, row + end), i * length);
  }
  const products = await kernels.innerProducts({ data: panel, count, length });
  for (let i = 0; i < count; i += 1) {
    const row = (end + i) * size + end;
    for (let j = 0; j <= i; j += 1) data[row + j] = (data[row + j] ?? 0) - (products[i * count + j] ?? 0);
  }
}

/** Solves L x = b in place. */
export function solveLower({ data, size }: Square, right: Float64Array): void {
  for (let i = 0; i < size; i += 1) {
    const row = i * size;
    let value = right[i] ?? 0;
    for (let k = 0; k < i; k += 1) value -= (data[row + k] ?? 0) * (right[k] ?? 0);
    right[i] = value / (data[row + i] ?? 1);
  }
}

/** Solves Lᵀ x = b in place, by rows. */
export function solveUpper({ data, size }: Square, right: Float64Array): void {
  for (let i = size - 1; i >= 0; i -= 1) {
    const row = i * size;
    const value = (right[i] ?? 0) / (data[row + i] ?? 1);
    right[i] = value;
    for (let k = 0; k < i; k += 1) right[k] = (right[k] ?? 0) - value * (data[row + k] ?? 0);
  }
}
