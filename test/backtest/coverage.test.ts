import { describe, expect, it } from 'vitest';
import { allCoverage, coverageOf } from '../../backtest/coverage.ts';
import { curveOf } from '../../backtest/curve.ts';
import { targetsOf } from '../../backtest/targets.ts';
import { syntheticCurve } from './synthetic.ts';

const MEASURING = { evaluationImages: 500, seeds: 2, looks: 'independent' } as const;

describe('how often the ranges of a forecast hold', () => {
  it('is asked after three, four and five rounds of doubling sizes, of every attainable target and seed', () => {
    const curve = syntheticCurve();
    const targets = targetsOf(curve).filter(({ needed }) => needed !== null);
    const { present, needed } = coverageOf(curve, MEASURING);
    expect(present.cases).toBe(3 * targets.length * 2);
    // After the last of the histories, 1,024 images, only the far target still needs some.
    expect(needed.cases).toBeGreaterThanOrEqual(3 * 2);
    expect(needed.cases).toBeLessThan(present.cases - 3 * 2);
  });

  it('asks nothing where the curve ends before a third round', () => {
    const short = curveOf({ id: 'short', dataset: 'short', start: 64 }, [
      { images: 64, metric: 0.5 },
      { images: 256, metric: 0.8 },
    ]);
    expect(coverageOf(short, MEASURING)).toEqual(allCoverage([]));
  });

  it('is most of the time on curves of the kind that the forecast knows, with frozen and with new images', () => {
    const curves = [0.3, 0.4, 0.5].map((rate, at) => syntheticCurve(`rate ${at}`, { rate }));
    for (const looks of ['independent', 'shared'] as const)
      for (const held of Object.values(
        allCoverage(curves.map((curve) => coverageOf(curve, { ...MEASURING, looks }))),
      )) {
        expect(held.inside + held.below + held.above).toBe(held.cases);
        expect(held.inside / held.cases).toBeGreaterThan(0.7);
      }
  });

  it('is less often on a curve that jumps where nothing foretold it, whose metric then lies above the band', () => {
    const sizes = Array.from({ length: 40 }, (_, at) => Math.round(64 * 100 ** (at / 39)));
    const curve = curveOf(
      { id: 'late', dataset: 'late', start: 64 },
      sizes.map((images) => ({ images, metric: images < 1500 ? 0.3 + images / 50_000 : 0.95 })),
    );
    const { band, present } = coverageOf(curve, MEASURING);
    expect(band.above / band.cases).toBeGreaterThan(0.3);
    expect(present.inside / present.cases).toBeGreaterThan(0.5);
  });
});
