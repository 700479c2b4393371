import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { curveOf, imagesFor, metricAt } from '../../backtest/curve.ts';
import { isotonic } from '../../backtest/isotonic.ts';
import { targetsOf } from '../../backtest/targets.ts';

const values = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0);
}

function squares(from: readonly number[], to: readonly number[]): number {
  return sumOf(from.map((value, at) => (value - (to[at] ?? 0)) ** 2));
}

describe('isotonic regression', () => {
  it('never falls, keeps the sum, and changes nothing that never falls', () => {
    fc.assert(
      fc.property(values, (given) => {
        const smooth = isotonic(given);
        expect(smooth).toHaveLength(given.length);
        expect(smooth).toEqual(smooth.toSorted((a, b) => a - b));
        expect(sumOf(smooth)).toBeCloseTo(sumOf(given), 9);
        expect(squares(isotonic(smooth), smooth)).toBeLessThan(1e-20);
        const rising = given.toSorted((a, b) => a - b);
        expect(squares(isotonic(rising), rising)).toBeLessThan(1e-20);
      }),
    );
  });

  it('lies nearer to the values than any other sequence that never falls', () => {
    fc.assert(
      fc.property(values, values, (given, others) => {
        const other = given.map((_, at) => others[at % others.length] ?? 0).sort((a, b) => a - b);
        expect(squares(given, isotonic(given))).toBeLessThanOrEqual(squares(given, other) + 1e-12);
      }),
    );
  });

  it('pools a dip with what stands before it', () => {
    expect(isotonic([0.2, 0.6, 0.4, 0.5, 0.9])).toEqual([0.2, 0.5, 0.5, 0.5, 0.9]);
  });
});

describe('a curve', () => {
  const curve = curveOf({ id: 'a', dataset: 'a', start: 10 }, [
    { images: 10, metric: 0.5 },
    { images: 100, metric: 0.7 },
    { images: 1000, metric: 0.7 },
    { images: 10_000, metric: 0.8 },
  ]);

  it('is linear in the logarithm of the images between its points, and level outside of them', () => {
    expect(metricAt(curve, 10 ** 1.5)).toBeCloseTo(0.6, 12);
    expect(metricAt(curve, 100)).toBe(0.7);
    expect(metricAt(curve, 3)).toBe(0.5);
    expect(metricAt(curve, 50_000)).toBe(0.8);
  });

  it('says the fewest images for a metric, and that it never reaches another', () => {
    expect(imagesFor(curve, 0.6)).toBeCloseTo(10 ** 1.5, 9);
    expect(imagesFor(curve, 0.7)).toBe(100);
    expect(imagesFor(curve, 0.4)).toBe(10);
    expect(imagesFor(curve, 0.81)).toBeNull();
  });
});

describe('targets', () => {
  it('lie a quarter, a half and four fifths of the way to the cap, and one above all', () => {
    const line = curveOf({ id: 'a', dataset: 'a', start: 10 }, [
      { images: 10, metric: 0.4 },
      { images: 10_000, metric: 0.8 },
    ]);
    const [near, mid, far, beyond] = targetsOf(line);
    expect(near).toMatchObject({ kind: 'near', value: expect.closeTo(0.5), needed: expect.closeTo(10 ** 1.75, 3) });
    expect(mid).toMatchObject({ kind: 'mid', value: expect.closeTo(0.6), needed: expect.closeTo(10 ** 2.5, 3) });
    expect(far).toMatchObject({ kind: 'far', value: expect.closeTo(0.72), needed: expect.closeTo(10 ** 3.4, 3) });
    // A quarter of what is missing to 1 is more than 0.03.
    expect(beyond).toEqual({ kind: 'unattainable', value: expect.closeTo(0.85), needed: null });
  });

  it('leave out what the first round nearly has, and what would be practically 1', () => {
    const flat = curveOf({ id: 'a', dataset: 'a', start: 10 }, [
      { images: 10, metric: 0.98 },
      { images: 10_000, metric: 0.995 },
    ]);
    expect(targetsOf(flat)).toEqual([]);
  });
});
