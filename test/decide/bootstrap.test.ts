import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RESAMPLES, type Resampling, resample, summarize } from '../../decide/bootstrap.ts';
import { decide } from '../../decide/decide.ts';
import { recommend } from '../../decide/recommend.ts';
import { type ImageMatches, matchTable, meanAveragePrecision } from '../../loop/detection-metric.ts';
import type { CurvePoint } from '../../loop/round.ts';
import { input, SETTINGS } from './inputs.ts';

/** Images with one true box each of two classes, found rightly where `right` says so. */
function images(right: readonly boolean[], unpredicted: readonly number[] = []): (ImageMatches | null)[] {
  return right.map((hit, at) =>
    unpredicted.includes(at)
      ? null
      : {
          found: [{ label: at % 2 ? 'cat' : 'dog', score: 0.5 + (at % 7) / 20, right: hit }],
          trueBoxes: new Map([[at % 2 ? 'cat' : 'dog', 1]]),
        },
  );
}

const share = (size: number, hits: number) => Array.from({ length: size }, (_, at) => (at * hits) % size < hits);
const metricOf = (matches: (ImageMatches | null)[]) =>
  meanAveragePrecision(matchTable(matches.flatMap((each) => each ?? [])));

/** The points of rounds on these images, as the record of a loop has them. */
function curve(...rounds: (ImageMatches | null)[][]): CurvePoint[] {
  const measured = rounds.map((matches, at) => ({
    round: at + 1,
    metric: metricOf(matches),
    resampling: resample(matches, 1),
  }));
  return measured.map(({ round, metric, resampling }, at) => ({
    round,
    images: 20 * round,
    model: `loop-r${round}-abc-1`,
    metric,
    verdicts: null,
    resampled: summarize({ metric, resampling }, measured.slice(0, at)),
  }));
}

describe('resampling the evaluation images', () => {
  it('gives the same values for the same seed, and others for another', () => {
    const matches = images(share(40, 25));
    expect(resample(matches, 1)).toEqual(resample(matches, 1));
    expect(resample(matches, 2).values).not.toEqual(resample(matches, 1).values);
    expect(resample(matches, 1).values).toHaveLength(RESAMPLES);
  });

  it('measures what the metric would be on a list with the drawn images in it', () => {
    const matches = images(share(12, 7)).flatMap((each) => each ?? []);
    const { values } = resample(matches, 3);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean).toBeCloseTo(metricOf(matches), 1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
  });

  it('does not vary where every image says the same', () => {
    const { values } = resample(images(share(30, 30)), 1);
    expect(new Set(values)).toEqual(new Set([1]));
  });

  it('leaves images out that were not predicted, and says which', () => {
    const { predicted, values } = resample(images(share(6, 6), [1, 4]), 1);
    expect(predicted).toBe('1-11-1');
    expect(Math.max(...values)).toBe(1);
  });
});

describe('the noise between two rounds of a detector', () => {
  const good = images(share(200, 150));
  const noiseOf = (one: (ImageMatches | null)[], other: (ImageMatches | null)[]) =>
    curve(one, other)[1]?.resampled?.against[0];

  it('is nothing between equal predictions, and small where few images differ', () => {
    expect(noiseOf(good, good)).toEqual({ round: 1, kind: 'paired', value: 0, predicted: 1 });
    const flipped = good.map((each, at) => (at === 3 || at === 90 ? (images(share(200, 0))[at] ?? null) : each));
    const value = noiseOf(good, flipped)?.value ?? 1;
    expect(value).toBeGreaterThan(0);
    expect(value).toBeLessThan(0.05);
  });

  it('is smaller when paired than that of two independent samples', () => {
    const other = images(share(200, 150).map((hit, at) => (at % 10 === 0 ? !hit : hit)));
    const paired = noiseOf(good, other);
    const few = noiseOf(
      good,
      other.map((each, at) => (at % 10 === 0 ? null : each)),
    );
    expect(paired).toMatchObject({ kind: 'paired', predicted: 1 });
    expect(few).toMatchObject({ kind: 'two-sample', predicted: 0.9 });
    expect(paired?.value ?? 1).toBeLessThan(few?.value ?? 0);
  });

  it('falls with the square root of the number of images', () => {
    const at = (size: number) => {
      const one = share(size, size * 0.7);
      return noiseOf(images(one), images(one.map((hit, i) => (i % 5 === 0 ? !hit : hit))))?.value ?? 0;
    };
    expect(at(100) / at(1600)).toBeGreaterThan(2.8);
    expect(at(100) / at(1600)).toBeLessThan(5.6);
  });

  it('refuses rounds that were predicted on sets of different size', () => {
    const resampling: Resampling = resample(images(share(5, 3)), 1);
    const shorter: Resampling = { ...resampling, predicted: '111' };
    expect(() => summarize({ metric: 0.5, resampling }, [{ round: 1, resampling: shorter }])).toThrow(/one frozen set/);
  });

  it('holds the metric inside its interval, whatever the service measured', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (metric) => {
        const [low, high] = summarize({ metric, resampling: resample(images(share(20, 11)), 1) }, []).interval;
        expect(low).toBeLessThanOrEqual(metric);
        expect(high).toBeGreaterThanOrEqual(metric);
      }),
      { numRuns: 20 },
    );
  });
});

describe('deciding on a detector', () => {
  const settings = { ...SETTINGS, task: 'detection', metric: 'meanAveragePrecision50', evaluationImages: 100 } as const;
  const low = images(share(100, 40));
  const high = images(share(100, 75));

  it('says that the noise is a paired bootstrap, and what is asked at most', () => {
    const { sentence, realGain, interval } = decide(
      input({ history: curve(low, high), settings, perClass: { cat: 5, dog: 8 } }),
    );
    expect(sentence).toMatch(
      /^Round 2 against round 1: meanAveragePrecision50 0\.\d+ → 0\.\d+ \(\+0\.\d+, noise ±0\.\d+ on 100 images, paired bootstrap\): a real gain; collect 0–3 more per class \(at most 3 images\)\.$/,
    );
    expect(realGain).toBe(true);
    expect(interval?.[0]).toBeLessThan(metricOf(high));
  });

  it('gives the same decision, word for word, from what was recorded', () => {
    const recorded = input({ history: curve(low, high, low), settings });
    expect(decide(JSON.parse(JSON.stringify(recorded)))).toEqual(decide(recorded));
  });

  it('warns of too few predicted images, and of a set too small, with the size that would do', () => {
    const partly = high.map((each, at) => (at % 8 === 0 ? null : each));
    const few = decide(input({ history: curve(low, partly), settings }));
    expect(few.sentence).toContain('on 100 images, unpaired bootstrap');
    expect(few.warnings.join()).toContain('Only 87 % of the evaluation set was predicted in both round 1 and round 2');
    const nearly = images(share(100, 40).map((hit, at) => (at % 9 === 0 ? !hit : hit)));
    const [first, second] = curve(low, nearly);
    const close = [first, { ...second, metric: (first?.metric ?? 0) + 0.02 }].flatMap((each) =>
      each?.resampled ? [each] : [],
    );
    const { warnings, noise } = decide(input({ history: close as CurvePoint[], settings }));
    expect(noise ?? 0).toBeGreaterThan(0.02);
    expect(warnings.join()).toMatch(
      /evaluation set of 100 images is too small to see a gain of 0\.01: about [\d,]+ images would be enough/,
    );
  });

  it('falls back on the two-sample noise and Wilson’s interval without predictions', () => {
    const bare = curve(low, high).map(({ resampled: _none, ...point }) => point);
    const { sentence, interval } = decide(input({ history: bare, settings }));
    expect(sentence).toContain('on 100 images, unpaired)');
    expect(interval).not.toBeNull();
  });

  it('recommends the smaller model where the bootstrap cannot tell it from the best', () => {
    const same = images(share(100, 75).map((hit, at) => (at === 5 ? !hit : hit)));
    const chosen = recommend(curve(low, high, same), settings);
    expect(chosen?.round).toBe(2);
    expect(chosen?.interval).toEqual(curve(low, high)[1]?.resampled?.interval);
  });

  it('lets all classes go for one goal, so that a surplus counts and a class that ran short holds none back', () => {
    const delta = (perClass: Record<string, number>, ranShort?: string[]) =>
      decide({ ...input({ history: curve(low), settings, perClass }), ...(ranShort ? { ranShort } : {}) }).delta;
    expect(delta({ cat: 5, dog: 9, fox: 7 })).toEqual({ cat: 3, dog: 0, fox: 1 });
    expect(delta({ cat: 2, dog: 10, fox: 12 }, ['cat'])).toEqual({ cat: 14, dog: 6, fox: 4 });
    expect(delta({ cat: 2, dog: 3 }, ['cat', 'dog'])).toEqual({ cat: 1, dog: 0 });
  });

  it('does not cut the need to the cap on images, but says what room there is', () => {
    const decision = decide(
      input({ history: curve(low), settings, perClass: { cat: 5, dog: 5 }, caps: { images: 48, capImages: 52 } }),
    );
    expect(decision.delta).toEqual({ cat: 3, dog: 3 });
    expect(decision.sentence).toContain('collect 3 more per class (at most 4 images, the room under the image cap)');
  });
});
