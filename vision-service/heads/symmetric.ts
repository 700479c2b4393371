import { Matrix } from 'ml-matrix';

/** A square matrix from numbers row by row, exactly symmetric: the lower half counts. */
export function symmetric(numbers: Float32Array, size: number): Matrix {
  const matrix = new Matrix(size, size);
  for (let i = 0; i < size; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      const value = numbers[i * size + j] ?? 0;
      matrix.set(i, j, value).set(j, i, value);
    }
  }
  return matrix;
}
