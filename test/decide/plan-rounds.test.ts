import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstParts, whyNoParts } from '../../decide/first-parts.ts';
import { bounded } from '../../decide/forecast/plan.ts';
import type { RoundsPlan } from '../../decide/plan-growth.ts';
import { mostHours, mostImages, projectRounds, roundsToLimit } from '../../decide/plan-rounds.ts';

const PLAN: RoundsPlan = {
  task: 'classification',
  delta: { kind: 'geometric', factor: 1.6 },
  pace: 'slowest',
  target: 0.9,
  need: { cat: 3, dog: 3 },
  parts: [],
  caps: { minutes: 24 * 60, images: null, rounds: 20 },
  available: null,
  hours: { minimum: () => 1, wanted: () => 1 },
};
const FORECAST: RoundsPlan = { ...PLAN, delta: { kind: 'forecast' }, need: { cat: 8, dog: 8 } };
const images = (plan: RoundsPlan) => projectRounds(plan).rounds.map((round) => round.images);
const withCaps = (caps: Partial<RoundsPlan['caps']>) => ({ ...PLAN, caps: { ...PLAN.caps, ...caps } });

describe('the rounds ahead', () => {
  it('grow as the loop’s own δ does, until the cap that binds first', () => {
    const { rounds, end } = projectRounds(withCaps({ rounds: 5 }));
    expect(rounds.map(({ perClass }) => perClass)).toEqual([
      [3, 3],
      [5, 5],
      [8, 8],
      [13, 13],
      [21, 21],
    ]);
    expect(end).toMatchObject({ outcome: 'round-limit', reason: 'round 5 is the last of at most 5' });
  });

  it('cut the last δ to the image cap, and end there', () => {
    const { rounds, end } = projectRounds(withCaps({ images: 20 }));
    expect(rounds.map((round) => round.images)).toEqual([6, 10, 16, 20]);
    expect(end?.outcome).toBe('image-limit');
  });

  it('reserve whole hours until no minimum fits any more', () => {
    const hours = {
      minimum: (count: number) => Math.ceil(count / 10),
      wanted: (count: number) => Math.ceil(count / 4),
    };
    const { rounds, end } = projectRounds({ ...withCaps({ minutes: 10 * 60 }), hours });
    expect(rounds.map(({ images, reservedHours, hoursSoFar }) => [images, reservedHours, hoursSoFar])).toEqual([
      [6, 2, 2],
      [10, 3, 5],
      [16, 4, 9],
    ]);
    expect(end?.outcome).toBe('budget-exhausted');
  });

  it('have no first one where not even its minimum fits', () => {
    const { rounds, end } = projectRounds({ ...PLAN, hours: { minimum: () => 30, wanted: () => 40 } });
    expect({ rounds, outcome: end?.outcome }).toEqual({ rounds: [], outcome: 'budget-exhausted' });
    expect(end?.reason).toBe('a training on 6 images takes at least 30 hours and 24 hours would be left');
  });

  it('take no more of a class than the source holds, and end when nothing is new', () => {
    const available = { images: 34, perClass: { cat: 4, dog: 30 } };
    const { rounds, end } = projectRounds({ ...PLAN, available });
    expect(rounds.at(-1)).toMatchObject({ images: 34, perClass: [4, 30] });
    expect(end).toEqual({ outcome: 'images-exhausted', reason: 'the source holds nothing new after 34 images' });
  });

  it('of a forecast double until there are three points, then grow by a quarter at least', () => {
    expect(images({ ...FORECAST, caps: { ...PLAN.caps, rounds: 5 } })).toEqual([16, 32, 64, 80, 100]);
    expect(images({ ...FORECAST, parts: [4, 8], caps: { ...PLAN.caps, rounds: 3 } })).toEqual([16, 20, 25]);
  });

  it('of a forecast reach the image cap by at most four times as many when it may extrapolate, without a target by doubling', () => {
    const capped: RoundsPlan = { ...FORECAST, parts: [4, 8], caps: { ...PLAN.caps, images: 100 } };
    expect(images({ ...capped, pace: 'fastest' })).toEqual([16, 64, 100]);
    expect(images({ ...capped, pace: 'fastest', target: null })).toEqual([16, 32, 64, 100]);
    expect(roundsToLimit(capped)).toEqual({ images: 100, least: 3, most: 10 });
    expect(roundsToLimit(FORECAST)).toBeNull();
  });

  it('of a forecast let the other classes give what one cannot', () => {
    const available = { images: 100, perClass: { cat: 10, dog: 90 } };
    const { rounds } = projectRounds({ ...FORECAST, available, caps: { ...PLAN.caps, rounds: 4 } });
    expect(rounds.map((round) => [round.images, round.perClass])).toEqual([
      [16, [8, 8]],
      [32, [10, 22]],
      [64, [10, 54]],
      [80, [10, 70]],
    ]);
    expect(roundsToLimit({ ...FORECAST, available })).toEqual({ images: 100, least: 4, most: 5 });
    expect(mostImages({ ...FORECAST, available })).toBe(100);
  });

  it('never pass a cap or the source, whatever they are', () => {
    const delta = fc.oneof(
      fc.record({ kind: fc.constant('geometric' as const), factor: fc.double({ min: 1.01, max: 10, noNaN: true }) }),
      fc.record({ kind: fc.constant('fixed' as const), imagesPerClass: fc.integer({ min: 1, max: 50 }) }),
      fc.constant({ kind: 'forecast' as const }),
    );
    const plans = fc.record({
      delta,
      task: fc.constantFrom('classification' as const, 'detection' as const),
      pace: fc.constantFrom('slowest' as const, 'fastest' as const),
      hours: fc.integer({ min: 1, max: 60 }),
      cap: fc.integer({ min: 6, max: 500 }),
      rounds: fc.integer({ min: 1, max: 30 }),
      source: fc.integer({ min: 3, max: 300 }),
    });
    fc.assert(
      fc.property(plans, ({ delta, task, pace, hours, cap, rounds, source }) => {
        const available = { images: source + 5, perClass: { cat: source, dog: 5 } };
        const caps = { minutes: hours * 60, images: cap, rounds };
        const plan = { ...PLAN, delta, task, pace, caps, available };
        const projection = projectRounds(plan);
        const last = projection.rounds.at(-1);
        expect(projection.end).not.toBeNull();
        expect(projection.rounds.length).toBeLessThanOrEqual(rounds);
        expect(last?.hoursSoFar).toBeLessThanOrEqual(hours);
        expect(last?.images).toBeLessThanOrEqual(Math.min(cap, source + 5));
        expect(mostImages(plan)).toBeGreaterThanOrEqual(last?.images ?? 0);
      }),
    );
  });

  it('reserve no more hours at any pace than the most hours, the cap on hours aside', () => {
    const wanted = (count: number) => Math.max(1, Math.ceil(count / 40));
    const growths = fc.array(fc.double({ min: 1, max: 5, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(
        growths,
        fc.integer({ min: 16, max: 2000 }),
        fc.integer({ min: 1, max: 30 }),
        (factors, cap, most) => {
          const caps = { minutes: 60, images: cap, rounds: most };
          const hours = { minimum: () => 1, wanted };
          const plan: RoundsPlan = { ...FORECAST, parts: [4, 8], caps, hours };
          let [count, sum] = [16, 3];
          for (const factor of factors.slice(0, most - 1)) {
            if (count >= cap) break;
            count = bounded(count * factor, { images: count, horizon: cap });
            sum += wanted(count);
          }
          expect(mostHours(plan)).toBeGreaterThanOrEqual(sum);
        },
      ),
      // A last round that is cut to the image cap grows by less than a quarter.
      { numRuns: 2000, examples: [[[3.2, 3.85, 1], 202, 4]] },
    );
    expect(mostHours(withCaps({ rounds: 4 }))).toBe(4);
  });

  it('end also where nothing limits them', () => {
    const endless = withCaps({ minutes: Number.MAX_SAFE_INTEGER, rounds: Number.MAX_SAFE_INTEGER });
    const { rounds, end } = projectRounds({ ...endless, delta: { kind: 'geometric', factor: 10 } });
    expect(end).toBeNull();
    expect(rounds.at(-1)?.images).toBeLessThanOrEqual(1e9);
    expect(projectRounds({ ...endless, delta: { kind: 'forecast' }, pace: 'fastest' }).end).toBeNull();
    expect(projectRounds({ ...endless, delta: { kind: 'fixed', imagesPerClass: 1 } }).rounds).toHaveLength(1000);
  });
});

describe('the most images that a loop can own', () => {
  it('do not depend on the hours, since trainings may use less than they reserve', () => {
    expect(mostImages(withCaps({ minutes: 60, images: 500 }))).toBe(500);
    expect(images(withCaps({ minutes: 60, images: 500 }))).toEqual([6]);
  });

  it('are unknown of a forecast that neither cap nor source limits, unless few rounds do', () => {
    expect(mostImages(FORECAST)).toBeNull();
    expect(mostImages({ ...FORECAST, parts: [4, 8], caps: { ...FORECAST.caps, rounds: 3 } })).toBe(16 * 4 * 4);
    expect(mostImages({ ...FORECAST, caps: { ...FORECAST.caps, images: 900 } })).toBe(900);
  });
});

describe('parts of the first round', () => {
  const asked = { forecast: true, evaluated: true, minimum: 2 };

  it('are a quarter and a half of every class, where a quarter keeps the minimum', () => {
    expect(firstParts({ cat: 8, dog: 9 }, asked)).toEqual({
      parts: [
        { share: 0.25, images: 4 },
        { share: 0.5, images: 8 },
      ],
      skipped: null,
    });
  });

  it.each([
    [
      { cat: 8, dog: 7 },
      asked,
      'keep 2 images of every class, which takes 8 images per class, and its smallest class has 7',
    ],
    [
      { cat: 8, dog: 8 },
      { ...asked, minimum: 3 },
      'keep 3 images of every class, which takes 12 images per class, and its smallest class has 8',
    ],
    [{ cat: 8, dog: 8 }, { ...asked, evaluated: false }, 'without an evaluation set'],
    [{ cat: 8, dog: 8 }, { ...asked, forecast: false }, 'the policy is thresholds'],
  ])('of %j with %j are left out with the reason', (need, options, reason) => {
    const { parts, skipped } = firstParts(need, options);
    expect(parts).toEqual([]);
    expect(skipped).toContain(reason);
  });

  it('are trained exactly where a quarter of every class keeps the minimum, and two', () => {
    const counts = fc.dictionary(fc.string(), fc.integer({ min: 1, max: 40 }), { minKeys: 1, maxKeys: 5 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 8 }), (perClass, minimum) => {
        const kept = Math.min(...Object.values(perClass).map((count) => Math.floor(count / 4)));
        expect(whyNoParts(perClass, { evaluated: true, minimum }) === null).toBe(kept >= Math.max(2, minimum));
      }),
    );
  });
});
