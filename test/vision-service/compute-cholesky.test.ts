import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { factorise, type Square, solveLower, solveUpper } from '../../vision-service/heads/cholesky.ts';
import { Kernels } from '../../vision-service/heads/kernels.ts';
import { rowsOf } from '../../vision-service/heads/rows.ts';
import { rowSpaceOf } from '../../vision-service/training/row-space.ts';
import { clusters } from './compute-fixtures.ts';

let kernels: Kernels;
beforeAll(async () => {
  kernels = await Kernels.open();
});
afterAll(() => kernels.close());

/** A symmetric positive definite matrix: products of pseudo-random rows, with a ridge. */
function positiveDefinite(size: number, seed: number): Square {
  const { features } = clusters({ classes: 1, perClass: size, dimensions: size, seed, signed: true });
  const data = new Float64Array(size * size);
  for (const [i, a] of features.entries()) {
    for (const [j, b] of features.entries()) {
      data[i * size + j] = a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), i === j ? 0.5 : 0);
    }
  }
  return { data, size };
}

function lowerTimesVector({ data, size }: Square, vector: Float64Array): Float64Array {
  return vector.map((_, i) =>
    vector.reduce((sum, value, k) => sum + (k <= i ? (data[i * size + k] ?? 0) * value : 0), 0),
  );
}

function upperTimesVector({ data, size }: Square, vector: Float64Array): Float64Array {
  return vector.map((_, i) =>
    vector.reduce((sum, value, k) => sum + (k >= i ? (data[k * size + i] ?? 0) * value : 0), 0),
  );
}

describe('the factorisation', () => {
  it.each([1, 5, 128, 129, 300])(
    'gives L with L Lᵀ = A for %d rows, over the borders of its blocks too',
    async (size) => {
      const matrix = positiveDefinite(size, size);
      const factor = await factorise({ data: matrix.data.slice(), size }, kernels);
      const probe = Float64Array.from({ length: size }, (_, i) => Math.sin(i));
      const product = lowerTimesVector(factor, upperTimesVector(factor, probe));
      for (const [i, value] of product.entries()) {
        const expected = probe.reduce((sum, entry, k) => sum + (matrix.data[i * size + k] ?? 0) * entry, 0);
        expect(value).toBeCloseTo(expected, 2);
      }
    },
  );

  it('solves what it was made for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.nat({ max: 1000 }), async (size, seed) => {
        const factor = await factorise(positiveDefinite(size, seed), kernels);
        const right = Float64Array.from({ length: size }, (_, i) => Math.cos(i + seed));
        const [lower, upper] = [right.slice(), right.slice()];
        solveLower(factor, lower);
        solveUpper(factor, upper);
        for (const [i, value] of lowerTimesVector(factor, lower).entries()) expect(value).toBeCloseTo(right[i] ?? 0, 6);
        for (const [i, value] of upperTimesVector(factor, upper).entries()) expect(value).toBeCloseTo(right[i] ?? 0, 6);
      }),
      { numRuns: 30 },
    );
  });

  it('stays finite where rows repeat', async () => {
    const factor = await factorise({ data: new Float64Array(9).fill(1), size: 3 }, kernels);
    expect([...factor.data].every(Number.isFinite)).toBe(true);
  });
});

describe('the space of few rows', () => {
  it('keeps every inner product, and gives the same scores for a head taken back', async () => {
    const { features } = clusters({ classes: 2, perClass: 4, dimensions: 40, seed: 3, signed: true });
    const rows = rowsOf(features);
    const space = await rowSpaceOf(rows, kernels);
    expect(space.rows.length).toBe(8);
    const [before, after] = [await kernels.innerProducts(rows), await kernels.innerProducts(space.rows)];
    for (const [i, value] of before.entries()) expect(after[i]).toBeCloseTo(value, 3);
    const head = { weights: [Float64Array.from({ length: 8 }, (_, i) => i - 4)], biases: Float64Array.of(0.5) };
    const scoresOf = async (x: typeof rows, weights: readonly Float64Array[]) => {
      const own = { weights: rowsOf(weights), biases: Float32Array.from(head.biases) };
      return (await kernels.scores(x, own)).data;
    };
    const own = await scoresOf(space.rows, head.weights);
    for (const [i, value] of (await scoresOf(rows, space.lift(head).weights)).entries())
      expect(value).toBeCloseTo(own[i] ?? 0, 2);
  });
});
