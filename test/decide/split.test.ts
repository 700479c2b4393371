import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../decide/decide.ts';
import { totalOf } from '../../decide/delta.ts';
import { shareOut, splitRows } from '../../decide/split.ts';
import { FORECAST_DEFAULTS } from '../../loop/forecast.ts';
import type { ClassPerformance } from '../../loop/round.ts';
import { input, points } from './inputs.ts';

const EQUAL = { cat: 20, dog: 20, fox: 20 };

function measured(values: Record<string, number>, images: number): Record<string, ClassPerformance> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value, images }]));
}

/** A handful of classes with their counts and performances. */
const classes = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,4}$/),
  fc.record({
    have: fc.nat(60),
    value: fc.double({ min: 0, max: 1, noNaN: true }),
    images: fc.integer({ min: 1, max: 400 }),
  }),
  { minKeys: 1, maxKeys: 12 },
);

function sharing(of: Record<string, { have: number; value: number; images: number }>) {
  const entries = Object.entries(of);
  return {
    perClass: Object.fromEntries(entries.map(([name, { have }]) => [name, have])),
    performance: Object.fromEntries(entries.map(([name, { value, images }]) => [name, { value, images }])),
  };
}

describe('δ shared out over classes', () => {
  it('gives weak classes more where the evaluation set is large enough to tell', () => {
    const delta = shareOut(60, { perClass: EQUAL, performance: measured({ cat: 0.95, dog: 0.6, fox: 0.82 }, 400) });
    expect(delta['dog']).toBeGreaterThan(delta['fox'] ?? 0);
    expect(delta['fox']).toBeGreaterThan(delta['cat'] ?? 0);
    expect(totalOf(delta)).toBe(60);
  });

  it('shares nearly equally where few evaluation images show each class', () => {
    const delta = shareOut(60, { perClass: EQUAL, performance: measured({ cat: 0.9, dog: 0.7, fox: 0.8 }, 10) });
    expect(Math.max(...Object.values(delta)) - Math.min(...Object.values(delta))).toBeLessThanOrEqual(2);
  });

  it('evens out what classes have where nothing was measured', () => {
    expect(shareOut(18, { perClass: { cat: 10, dog: 4, fox: 7 } })).toEqual({ cat: 3, dog: 9, fox: 6 });
  });

  it('keeps the largest class within twice the smallest, or within the ratio that was asked for', () => {
    const performance = measured({ cat: 1, dog: 0.05, fox: 0.9 }, 5000);
    const ratioAfter = (classRatio: number) => {
      const delta = shareOut(300, { perClass: EQUAL, performance, classRatio });
      const sizes = Object.entries(EQUAL).map(([name, have]) => have + (delta[name] ?? 0));
      return Math.max(...sizes) / Math.min(...sizes);
    };
    expect(ratioAfter(2)).toBeLessThanOrEqual(2);
    expect(ratioAfter(2)).toBeGreaterThan(1.8);
    expect(ratioAfter(4)).toBeGreaterThan(2);
    expect(ratioAfter(1)).toBeLessThanOrEqual(1.02);
  });

  it('gives out every image, none of them negative', () => {
    fc.assert(
      fc.property(classes, fc.integer({ min: 1, max: 500 }), (of, extra) => {
        const delta = shareOut(extra, sharing(of));
        expect(totalOf(delta)).toBe(extra);
        expect(Math.min(...Object.values(delta))).toBeGreaterThanOrEqual(0);
        expect(Object.values(delta).every(Number.isInteger)).toBe(true);
      }),
    );
  });

  it('permutes with the order of the classes', () => {
    fc.assert(
      fc.property(classes, fc.integer({ min: 1, max: 500 }), (of, extra) => {
        const reversed = Object.fromEntries(Object.entries(of).reverse());
        expect(shareOut(extra, sharing(reversed))).toEqual(shareOut(extra, sharing(of)));
      }),
    );
  });

  it('shares out over three thousand classes, fewer images than classes too', () => {
    const perClass = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`class ${at}`, 5 + (at % 3)]));
    const delta = shareOut(1000, { perClass });
    expect(totalOf(delta)).toBe(1000);
    expect(Object.entries(delta).every(([name, more]) => more === (perClass[name] === 5 ? 1 : 0))).toBe(true);
  });

  it('knows classes by any name', () => {
    const delta = shareOut(10, {
      perClass: { constructor: 5, toString: 5 },
      performance: measured({ toString: 0.5 }, 50),
    });
    expect(totalOf(delta)).toBe(10);
    expect(splitRows(delta, { perClass: { constructor: 5, toString: 5 } })).toHaveLength(2);
  });

  it('is told class by class with what it rests on, in the order of the names', () => {
    const performance = measured({ cat: 0.5 }, 100);
    expect(splitRows({ dog: 3, cat: 4 }, { perClass: { dog: 9, cat: 8 }, performance })).toEqual([
      { className: 'cat', have: 8, performance: 0.5, noise: expect.closeTo(0.098, 3), collect: 4 },
      { className: 'dog', have: 9, performance: null, noise: null, collect: 3 },
    ]);
  });
});

describe('a decision over classes in any order', () => {
  it('is the same, class by class and word for word', () => {
    const of = (names: string[]) =>
      decide(
        input({
          history: points([0.5, 0.6, 0.7]),
          settings: { policy: 'forecast', delta: { kind: 'forecast' }, forecast: FORECAST_DEFAULTS, target: null },
          caps: { images: 54, capImages: 61 },
          perClass: Object.fromEntries(names.map((name) => [name, 18])),
        }),
      );
    const [one, other] = [of(['b', 'c', 'a']), of(['c', 'a', 'b'])];
    expect(other).toEqual(one);
    expect(one.delta).toEqual({ a: 3, b: 2, c: 2 });
  });
});
