import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  averagePrecisions,
  type Box,
  type FoundBox,
  intersectionOverUnion,
  matchImage,
  matchTable,
  meanAveragePrecision,
  type TrueBox,
} from '../../loop/detection-metric.ts';
import { detectionPerformance } from '../../vision-service/metrics/detection.ts';

type Image = { found: FoundBox[]; truths: TrueBox[] };

const QUARTER: Box = [0.5, 0.5, 0.5, 0.5];
const WHOLE: Box = [0, 0, 1, 1];

describe('detectionPerformance', () => {
  it('gives the golden values of vision-evaluation', () => {
    const truths = [
      { label: 0, box: WHOLE },
      { label: 1, box: QUARTER },
    ];
    const found = truths.map(({ label }) => ({ label, score: 1, box: QUARTER }));
    const performance = detectionPerformance([found], [truths], ['a', 'b']);
    expect(performance.meanAveragePrecision50).toBe(0.5);
    expect(performance.tagPerformance).toEqual({ a: { averagePrecision50: 0 }, b: { averagePrecision50: 1 } });
    expect(meanAtIou([{ found, truths }], 0.2)).toBe(1);
  });

  it('measures at an overlap of 0.30, 0.50 and 0.75', () => {
    const truths = [{ label: 0, box: WHOLE }];
    const at = (width: number) => detectionPerformance([[whole({ width })]], [truths], ['a']);
    const means = [0.2, 0.4, 0.6, 0.8].map(at).map((performance) => {
      const { meanAveragePrecision30, meanAveragePrecision50, meanAveragePrecision75 } = performance;
      return [meanAveragePrecision30, meanAveragePrecision50, meanAveragePrecision75];
    });
    expect(means).toEqual([
      [0, 0, 0],
      [1, 0, 0],
      [1, 1, 0],
      [1, 1, 1],
    ]);
  });

  it('gives a class that is found but not there 0, and leaves out one that is in neither', () => {
    const truths = [{ label: 0, box: WHOLE }];
    const found = [whole({}), whole({ label: 1 })];
    const performance = detectionPerformance([found], [truths], ['there', 'found only', 'nowhere']);
    expect(performance.meanAveragePrecision50).toBe(0.5);
    expect(performance.tagPerformance).toEqual({
      there: { averagePrecision50: 1 },
      'found only': { averagePrecision50: 0 },
    });
  });

  it('gives 0 when there is nothing to measure', () => {
    const nothing = {
      meanAveragePrecision30: 0,
      meanAveragePrecision50: 0,
      meanAveragePrecision75: 0,
      tagPerformance: {},
    };
    expect(detectionPerformance([], [], ['a'])).toEqual(nothing);
    expect(detectionPerformance([[], []], [[], []], ['a'])).toEqual(nothing);
  });

  it('refuses found boxes and truths of different numbers of images', () => {
    expect(() => detectionPerformance([[], []], [[]], ['a'])).toThrow(/2 images have found boxes and 1/);
  });
});

describe('matchImage', () => {
  it('lets the surest take a true box, and calls every further one wrong', () => {
    const found = [0.2, 0.9, 0.5].map((score) => whole({ score }));
    expect(matchImage(found, [{ label: 0, box: WHOLE }], 0.5).found).toEqual([
      { label: 0, score: 0.9, right: true },
      { label: 0, score: 0.5, right: false },
      { label: 0, score: 0.2, right: false },
    ]);
  });

  it('never falls back to the second best true box', () => {
    const truths = [whole({ width: 1 }), whole({ width: 0.9 })];
    const found = [whole({ score: 0.9 }), whole({ score: 0.8 })];
    expect(matchImage(found, truths, 0.5).found.map(({ right }) => right)).toEqual([true, false]);
  });

  it('lets a box that overlaps too little leave the true box to the next', () => {
    const found = [whole({ score: 0.9, width: 0.2 }), whole({ score: 0.8 })];
    expect(matchImage(found, [{ label: 0, box: WHOLE }], 0.5).found.map(({ right }) => right)).toEqual([false, true]);
  });

  it('takes the earlier of two true boxes that a box overlaps alike', () => {
    const [left, middle, right]: Box[] = [0, 0.25, 0.5].map((edge) => [edge, 0, 0.5, 1]);
    const truths = [left, right].map((box = WHOLE) => ({ label: 0, box }));
    const found = [middle, right].map((box = WHOLE, rank) => ({ label: 0, score: 1 - rank / 2, box }));
    expect(matchImage(found, truths, 0.3).found.map(({ right: isRight }) => isRight)).toEqual([true, true]);
    expect(matchImage(found, truths.toReversed(), 0.3).found.map(({ right: isRight }) => isRight)).toEqual([
      true,
      false,
    ]);
  });

  it('is content with an overlap of just what is asked for', () => {
    expect(matchImage([whole({})], [{ label: 0, box: WHOLE }], 1).found[0]?.right).toBe(true);
  });

  it('does not match boxes of different classes', () => {
    expect(matchImage([whole({ label: 1 })], [{ label: 0, box: WHOLE }], 0.5).found[0]?.right).toBe(false);
  });

  it('counts the true boxes of each class', () => {
    const truths = ['cat', 'dog', 'cat'].map((label) => ({ label, box: WHOLE }));
    expect([...matchImage([], truths, 0.5).trueBoxes]).toEqual([
      ['cat', 2],
      ['dog', 1],
    ]);
  });
});

describe('intersectionOverUnion', () => {
  it('lengthens every side by 0.00001', () => {
    expect(intersectionOverUnion([0, 0, 1, 1], [1, 0, 1, 1])).toBeCloseTo(1e-5 / 2, 9);
    expect(intersectionOverUnion([0, 0, 0, 0], [0, 0, 0, 0])).toBe(1);
  });

  it('is 0 for boxes turned inside out', () => {
    expect(intersectionOverUnion([1, 1, -1, -1], [1, 1, -1, -1])).toBe(0);
  });

  it('lies between 0 and 1, does not depend on the order, and is 1 for the same box', () => {
    fc.assert(
      fc.property(box(), box(), (a, b) => {
        const overlap = intersectionOverUnion(a, b);
        expect(overlap).toBeGreaterThanOrEqual(0);
        expect(overlap).toBeLessThanOrEqual(1 + 1e-9);
        expect(intersectionOverUnion(b, a)).toBe(overlap);
        expect(intersectionOverUnion(a, a)).toBe(1);
      }),
    );
  });
});

describe('the mean average precision', () => {
  it('lies between 0 and 1 for every class, and does not rise with the overlap that is asked for', () => {
    fc.assert(
      fc.property(images(), (all) => {
        const precisions = [0.3, 0.5, 0.75].map((iou) => averagePrecisions(tableOf(all, iou)));
        for (const precision of precisions.flatMap((byClass) => [...byClass.values()])) {
          expect(precision).toBeGreaterThanOrEqual(0);
          expect(precision).toBeLessThanOrEqual(1 + 1e-9);
        }
        const [at30 = 0, at50 = 0, at75 = 0] = [0.3, 0.5, 0.75].map((iou) => meanAtIou(all, iou));
        expect(at30).toBeGreaterThanOrEqual(at50 - 1e-9);
        expect(at50).toBeGreaterThanOrEqual(at75 - 1e-9);
      }),
    );
  });

  it('does not depend on the order of the images', () => {
    fc.assert(
      fc.property(images(), (all) => {
        expect(meanAtIou(all.toReversed(), 0.5)).toBeCloseTo(meanAtIou(all, 0.5), 9);
      }),
    );
  });

  it('is 1 when every true box is found and nothing else, however unsure', () => {
    const cells = fc.uniqueArray(fc.nat({ max: 15 }), { minLength: 1, maxLength: 8 });
    const labels = fc.array(fc.nat({ max: 2 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(fc.tuple(cells, labels), { minLength: 1, maxLength: 5 }), scores(), (all, score) => {
        const perfect = all.map(([places, classes]) => {
          const truths = places.map((cell, i) => ({ label: classes[i] ?? 0, box: cellBox(cell) }));
          return { truths, found: truths.map((truth, i) => ({ ...truth, score: score[i] ?? 0 })) };
        });
        expect(meanAtIou(perfect, 0.75)).toBeCloseTo(1, 9);
      }),
    );
  });

  it('is not raised by a wrong box that is less sure than all others', () => {
    fc.assert(
      fc.property(images({ lowest: 0.1 }), fc.nat({ max: 2 }), (all, label) => {
        const wrong = { found: [{ label, score: 0.05, box: WHOLE }], truths: [] };
        expect(meanAtIou([...all, wrong], 0.5)).toBeLessThanOrEqual(meanAtIou(all, 0.5) + 1e-9);
      }),
    );
  });

  it('is lowered by a wrong box that is surer than a right one', () => {
    const right = { found: [whole({ score: 0.5 })], truths: [{ label: 0, box: WHOLE }] };
    expect(meanAtIou([right, { found: [whole({ score: 0.9 })], truths: [] }], 0.5)).toBe(0.5);
    expect(meanAtIou([right, { found: [whole({ score: 0.5 })], truths: [] }], 0.5)).toBe(0.5);
    expect(meanAtIou([right, { found: [whole({ score: 0.4 })], truths: [] }], 0.5)).toBe(1);
  });
});

describe('a draw of the images', () => {
  it('that takes each once is the metric itself', () => {
    fc.assert(
      fc.property(images(), (all) => {
        const table = tableOf(all, 0.5);
        const once = all.map(() => 1);
        expect([...averagePrecisions(table, once)]).toEqual([...averagePrecisions(table)]);
        expect(meanAveragePrecision(table, once)).toBe(meanAveragePrecision(table));
      }),
    );
  });

  it('measures what the metric is of the images as often as they were drawn', () => {
    const drawn = images().chain((all) =>
      fc.record({ all: fc.constant(all), draws: fc.array(fc.nat({ max: 3 }), exactly(all.length)) }),
    );
    fc.assert(
      fc.property(drawn, ({ all, draws }) => {
        const copies = all.flatMap((image, i) => Array.from({ length: draws[i] ?? 0 }, () => image));
        const expected = averagePrecisions(tableOf(copies, 0.5));
        const actual = averagePrecisions(tableOf(all, 0.5), draws);
        expect(new Set(actual.keys())).toEqual(new Set(expected.keys()));
        for (const [label, precision] of expected) expect(actual.get(label)).toBeCloseTo(precision, 9);
        expect(meanAveragePrecision(tableOf(all, 0.5), draws)).toBeCloseTo(meanAtIou(copies, 0.5), 9);
      }),
    );
  });
});

function tableOf(all: readonly Image[], iou: number) {
  return matchTable(all.map(({ found, truths }) => matchImage(found, truths, iou)));
}

function meanAtIou(all: readonly Image[], iou: number): number {
  return meanAveragePrecision(tableOf(all, iou));
}

/** A found box as high as the image. */
function whole({ label = 0, score = 1, width = 1 }): FoundBox {
  return { label, score, box: [0, 0, width, 1] };
}

/** One of 16 boxes that do not touch. */
function cellBox(cell: number): Box {
  return [(cell % 4) / 4, Math.floor(cell / 4) / 4, 0.2, 0.2];
}

/** Boxes on a coarse grid, so that they often overlap and are often the same. */
function box(): fc.Arbitrary<Box> {
  const place = fc.integer({ min: 0, max: 6 }).map((step) => step / 10);
  const side = fc.integer({ min: 1, max: 4 }).map((step) => step / 10);
  return fc.tuple(place, place, side, side);
}

/** A few images of up to three classes; scores have one digit, so that ties are common. */
function images({ lowest = 0 } = {}): fc.Arbitrary<Image[]> {
  const label = fc.nat({ max: 2 });
  const score = fc.integer({ min: Math.round(lowest * 10), max: 10 }).map((step) => step / 10);
  const image = fc.record({
    found: fc.array(fc.record({ label, box: box(), score }), { maxLength: 6 }),
    truths: fc.array(fc.record({ label, box: box() }), { maxLength: 5 }),
  });
  return fc.array(image, { minLength: 1, maxLength: 6 });
}

function scores(): fc.Arbitrary<number[]> {
  return fc.array(fc.double({ min: 0, max: 1, noNaN: true }), exactly(8));
}

function exactly(length: number) {
  return { minLength: length, maxLength: length };
}
