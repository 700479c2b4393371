import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  averagePrecision,
  classificationPerformance,
  topKAccuracy,
} from '../../vision-service/metrics/classification.ts';

const CLASS_1 = [0, 1, 0.5, 0.9, 0.56, 0.91, 0.09, 0.63, 0.66, 0.11];
const TARGETS = [1, 0, 0, 0, 1, 1, 0, 0, 0, 1];
const SCORES = CLASS_1.map((score) => [1 - score, score]);

describe('classificationPerformance', () => {
  it('gives the golden values of vision-evaluation for two classes', () => {
    const performance = classificationPerformance(SCORES, TARGETS, ['no', 'yes']);
    expect(performance.accuracyTop1).toBeCloseTo(0.4, 10);
    expect(topKAccuracy(SCORES, TARGETS, 2)).toBe(1);
    expect(performance.accuracyTop5).toBe(1);
    expect(performance.averagePrecision).toBeCloseTo(0.475744, 6);
    expect(performance.calibrationECE).toBeCloseTo(0.584, 6);
    expect(performance.tagPerformance['no']?.accuracy).toBeCloseTo(1 / 3, 10);
    expect(performance.tagPerformance['yes']?.accuracy).toBeCloseTo(0.5, 10);
  });

  it('gives the golden average precision of each class', () => {
    const byClass = [0, 1].map((c) =>
      averagePrecision(
        SCORES.map((row) => row[c] ?? 0),
        TARGETS.map((target) => target === c),
      ),
    );
    expect(byClass[0]).toBeCloseTo(0.5494, 4);
    expect(byClass[1]).toBeCloseTo(0.40208, 4);
  });

  it('keeps a class without images at accuracy 0, and leaves it out of the average precision', () => {
    const scores = [
      [1, 0, 0],
      [0, 1, 0],
      [0.5, 0.5, 0],
      [0, 1, 0],
    ];
    const performance = classificationPerformance(scores, [0, 1, 0, 0], ['a', 'b', 'c']);
    expect(performance.tagPerformance['a']?.accuracy).toBeCloseTo(2 / 3, 10);
    expect(performance.tagPerformance['b']?.accuracy).toBe(1);
    expect(performance.tagPerformance['c']?.accuracy).toBe(0);
    // Class a: ranks 1 and 2 are right, the last is taken with the tie at 0; class b: one of two at the top.
    expect(performance.averagePrecision).toBeCloseTo((1 / 3 + 1 / 3 + (1 / 3) * (3 / 4) + 0.5) / 2, 10);
  });

  it('gives 0 for everything when nothing was scored', () => {
    const performance = classificationPerformance([], [], ['a', 'b']);
    expect(performance).toEqual({
      accuracyTop1: 0,
      accuracyTop5: 0,
      averagePrecision: 0,
      calibrationECE: 0,
      tagPerformance: { a: { accuracy: 0 }, b: { accuracy: 0 } },
    });
  });

  it('lets the lowest index win a tie', () => {
    expect(topKAccuracy([[0.5, 0.5]], [0], 1)).toBe(1);
    expect(topKAccuracy([[0.5, 0.5]], [1], 1)).toBe(0);
  });

  it('looks for the true class among the five highest scores', () => {
    const falling = [[0.3, 0.25, 0.2, 0.1, 0.08, 0.07]];
    expect([4, 5].map((label) => topKAccuracy(falling, [label], 5))).toEqual([1, 0]);
    expect([4, 5].map((label) => topKAccuracy(falling, [label], 9))).toEqual([1, 1]);
  });

  it('puts a confidence of exactly 0, or above 1, into no calibration bin', () => {
    expect(calibrationErrorOf([[0, 0]], [1])).toBe(0);
    expect(calibrationErrorOf([[1.5, 0]], [1])).toBe(0);
    expect(calibrationErrorOf([[1, 0]], [1])).toBe(1);
  });

  it.each([1, 2, 4, 8])('counts the least confidence above the edge %i/15 into the upper bin', (edge) => {
    const below = edge * (1 / 15);
    const above = nextUp(below);
    // Right once and wrong once cancels in one bin, and adds up in two.
    const rows = [below, above].map((top) => [top, 0]);
    expect(calibrationErrorOf(rows, [0, 1])).toBeCloseTo((1 - below + above) / 2, 10);
    expect(calibrationErrorOf(rows.slice(0, 1), [0])).toBeCloseTo(1 - below, 10);
  });

  it('counts a confidence on the edge of a bin into the lower one', () => {
    // Both confidences are in (3/15, 6/15] or (6/15, 9/15]: one bin would cancel right against wrong.
    const scores = [
      [0.6, 0.4],
      [0.61, 0.39],
    ];
    expect(classificationPerformance(scores, [0, 1], ['a', 'b']).calibrationECE).toBeCloseTo((0.4 + 0.61) / 2, 10);
  });
});

function calibrationErrorOf(scores: number[][], labels: number[]): number {
  return classificationPerformance(scores, labels, ['a', 'b']).calibrationECE;
}

/** The number after a positive one. */
function nextUp(value: number): number {
  const bits = new BigUint64Array(Float64Array.of(value).buffer).map((pattern) => pattern + 1n);
  return new Float64Array(bits.buffer)[0] ?? value;
}

const scored = fc.integer({ min: 2, max: 7 }).chain((classes) =>
  fc.array(
    fc.record({
      row: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: classes, maxLength: classes }),
      label: fc.nat({ max: classes - 1 }),
    }),
    { minLength: 1, maxLength: 30 },
  ),
);

function measure(images: readonly { row: number[]; label: number }[]) {
  const classes = (images[0]?.row ?? []).map((_, c) => `class ${c}`);
  return classificationPerformance(
    images.map((image) => image.row),
    images.map((image) => image.label),
    classes,
  );
}

describe('classification metrics', () => {
  it('lie between 0 and 1, and top-5 is at least top-1', () => {
    fc.assert(
      fc.property(scored, (images) => {
        const { tagPerformance, accuracyTop1, accuracyTop5, averagePrecision, calibrationECE } = measure(images);
        const recalls = Object.values(tagPerformance).map((tag) => tag.accuracy ?? -1);
        for (const figure of [accuracyTop1, accuracyTop5, averagePrecision, calibrationECE, ...recalls]) {
          expect(figure).toBeGreaterThanOrEqual(0);
          expect(figure).toBeLessThanOrEqual(1 + 1e-9);
        }
        expect(accuracyTop5).toBeGreaterThanOrEqual(accuracyTop1);
      }),
    );
  });

  it('do not depend on the order of the images', () => {
    fc.assert(
      fc.property(scored, (images) => {
        const [forward, backward] = [measure(images), measure(images.toReversed())];
        expect(backward.accuracyTop1).toBeCloseTo(forward.accuracyTop1, 9);
        expect(backward.averagePrecision).toBeCloseTo(forward.averagePrecision, 9);
        expect(backward.calibrationECE).toBeCloseTo(forward.calibrationECE, 9);
        expect(backward.tagPerformance).toEqual(forward.tagPerformance);
      }),
    );
  });

  it('are all 1, and the calibration error 0, for certain and right predictions', () => {
    const labels = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(labels, (truth) => {
        const images = truth.map((label) => ({ row: [0, 1, 2, 3].map((c) => (c === label ? 1 : 0)), label }));
        const { tagPerformance, ...figures } = measure(images);
        expect(figures).toEqual({ accuracyTop1: 1, accuracyTop5: 1, averagePrecision: 1, calibrationECE: 0 });
        expect(truth.every((label) => tagPerformance[`class ${label}`]?.accuracy === 1)).toBe(true);
      }),
    );
  });
});
