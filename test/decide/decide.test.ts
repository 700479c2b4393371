import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, decisionInWords } from '../../decide/decide.ts';
import { totalOf } from '../../decide/delta.ts';
import type { DecisionInput } from '../../loop/round.ts';
import { input, points, verdictPair } from './inputs.ts';

const FLAT = points([0.86, 0.87, 0.86, 0.87]);

describe('with a target', () => {
  it('stops as target-reached when the metric meets it, to the last decimal', () => {
    expect(decide(input({ history: points([0.8, 0.95]) }))).toMatchObject({
      action: 'stop',
      outcome: 'target-reached',
      delta: null,
    });
    expect(decide(input({ history: points([0.8, 0.9499]) })).outcome).toBeNull();
    expect(decide(input({ history: points([0.56, 0.56 + 0.01]), settings: { target: 0.57 } })).outcome).toBe(
      'target-reached',
    );
  });

  it('collects δ after a real gain', () => {
    const decision = decide(input({ history: points([0.6, 0.8]) }));
    expect(decision).toMatchObject({
      action: 'collect',
      outcome: null,
      realGain: true,
      comparedWith: 1,
      roundsWithoutImprovement: 0,
    });
    expect(decision.delta).toEqual({ animal: 5, face: 5, flag: 5, food: 5, person: 5, symbol: 5 });
  });

  it('collects δ after a round without improvement, as long as patience lasts', () => {
    const decision = decide(input({ history: points([0.86, 0.87]) }));
    expect(decision).toMatchObject({ action: 'collect', realGain: false, roundsWithoutImprovement: 1 });
  });

  it('stops as not-improving after `patience` rounds without improvement', () => {
    expect(decide(input({ history: FLAT }))).toMatchObject({
      action: 'stop',
      outcome: 'not-improving',
      roundsWithoutImprovement: 3,
    });
    expect(decide(input({ history: FLAT, settings: { patience: 4 } })).outcome).toBeNull();
  });

  it('holds the lower bound against the target when that is asked for', () => {
    const history = points([0.8, 0.96]);
    const bound = decide(input({ history })).interval?.[0] ?? 0;
    expect(bound).toBeLessThan(0.95);
    expect(decide(input({ history, settings: { claim: 'lower-bound' } })).outcome).toBeNull();
    const met = decide(input({ history, settings: { claim: 'lower-bound', target: bound } }));
    expect(met.outcome).toBe('target-reached');
  });
});

describe('without a target', () => {
  it('stops as good-enough after `patience` rounds without improvement, and recommends the cheaper of the tied', () => {
    const decision = decide(input({ history: FLAT, settings: { target: null } }));
    expect(decision.outcome).toBe('good-enough');
    expect(decision.sentence).toContain('stop: good-enough, round 1 is recommended (18 images)');
  });

  it('collects δ before that, however high the metric', () => {
    expect(decide(input({ history: points([0.9, 1]), settings: { target: null } })).action).toBe('collect');
  });
});

describe('the reference', () => {
  it('is the last round that counted as a real gain, so that small true gains add up', () => {
    const settings = { margin: 0.05, evaluationImages: 100_000 };
    const decisions = [2, 3, 4].map((rounds) =>
      decide(input({ history: points([0.7, 0.73, 0.76, 0.77].slice(0, rounds)), settings })),
    );
    expect(decisions.map(({ comparedWith, realGain }) => [comparedWith, realGain])).toEqual([
      [1, false],
      [1, true],
      [3, false],
    ]);
  });

  it('is the first round with a metric when the first rounds had none', () => {
    const history = points([0, 0, 0.6, 0.9]).slice(2);
    expect(decide(input({ history }))).toMatchObject({ comparedWith: 3, realGain: true });
  });

  it('does not exist for the first point, which is neither a gain nor a miss', () => {
    const decision = decide(input({ history: points([0.6]) }));
    expect(decision).toMatchObject({
      comparedWith: null,
      gain: null,
      noise: null,
      threshold: null,
      realGain: false,
      roundsWithoutImprovement: 0,
    });
  });
});

describe('a round without a metric', () => {
  it('is no point, leaves patience as it is, and collects', () => {
    const decision = decide(input({ history: points([0.86, 0.87, 0.86]), round: 4 }));
    expect(decision).toMatchObject({
      action: 'collect',
      metric: null,
      comparedWith: null,
      roundsWithoutImprovement: 2,
    });
    expect(decision.sentence).toBe(
      'Round 4 has no metric: patience stays at 2 of 3; collect 5 more per class (30 images).',
    );
  });

  it('still obeys the caps', () => {
    expect(decide(input({ history: [], round: 20 })).outcome).toBe('round-limit');
  });
});

describe('the hold-out metric', () => {
  it('is held against the margin alone, never compared in pairs, and marked', () => {
    const [first, second] = verdictPair(240, { better: 6, worse: 6, both: 200 });
    const history = points([0.86, 0.88], [first, second]);
    const decision = decide(input({ history, settings: { evaluationImages: null } }));
    expect(decision).toMatchObject({ noise: null, threshold: 0.01, realGain: true, interval: null });
    expect(decision.sentence).toContain(
      'accuracyTop1 (hold-out) 0.86 → 0.88 (+0.02, margin 0.01, noise of a hold-out unknown)',
    );
    expect(decision.warnings.join()).toContain('optimistic and not comparable');
  });

  it('never claims a lower bound, and says so', () => {
    const decision = decide(
      input({ history: points([0.5, 1]), settings: { evaluationImages: null, claim: 'lower-bound' } }),
    );
    expect(decision.outcome).toBeNull();
    expect(decision.warnings.join(' ')).toContain('the target 0.95 can never be claimed');
  });
});

describe('caps', () => {
  const hours = { settledMinutes: 1400 };
  const images = { capImages: 48 };
  const rounds = { capRounds: 2 };
  const deadline = { deadlinePassed: true };
  const history = points([0.6, 0.8]);

  it('are checked in the order hours, images, rounds, deadline, and then the collector', () => {
    const settings = { collectorExhausted: true };
    const outcome = (...caps: object[]) =>
      decide(input({ history, settings, caps: Object.assign({}, ...caps) })).outcome;
    expect(outcome(hours, images, rounds, deadline)).toBe('budget-exhausted');
    expect(outcome(images, rounds, deadline)).toBe('image-limit');
    expect(outcome(rounds, deadline)).toBe('round-limit');
    expect(outcome(deadline)).toBe('deadline');
    expect(outcome()).toBe('images-exhausted');
  });

  it('come after a target that is met and after patience', () => {
    const caps = { ...hours, ...images, ...rounds, ...deadline };
    expect(decide(input({ history: points([0.6, 0.96]), caps })).outcome).toBe('target-reached');
    expect(decide(input({ history: FLAT, caps })).outcome).toBe('not-improving');
  });

  it('let a training go on whose whole reservation just fits', () => {
    expect(decide(input({ history, caps: { settledMinutes: 1380 } })).outcome).toBeNull();
    expect(decide(input({ history, caps: { settledMinutes: 1381 } })).outcome).toBe('budget-exhausted');
  });

  it('cut the last δ to the images left, and say so', () => {
    const decision = decide(input({ history, caps: { capImages: 56 } }));
    expect(decision.delta).toEqual({ animal: 2, face: 2, flag: 1, food: 1, person: 1, symbol: 1 });
    expect(decision.sentence).toContain('collect 1–2 more per class (8 images, cut to the image cap).');
  });
});

describe('any decision', () => {
  const metric = fc.integer({ min: 0, max: 240 }).map((right) => right / 240);
  const anyInput: fc.Arbitrary<DecisionInput> = fc
    .record({
      metrics: fc.array(metric, { minLength: 0, maxLength: 8 }),
      target: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
      claim: fc.constantFrom('measured' as const, 'lower-bound' as const),
      margin: fc.double({ min: 0, max: 0.2, noNaN: true }),
      patience: fc.integer({ min: 1, max: 4 }),
      evaluationImages: fc.constantFrom(240, null),
      settledMinutes: fc.integer({ min: 0, max: 1500 }),
      capImages: fc.option(fc.integer({ min: 1, max: 100 })),
      capRounds: fc.integer({ min: 1, max: 9 }),
      deadlinePassed: fc.boolean(),
      collectorExhausted: fc.boolean(),
      factor: fc.double({ min: 1.01, max: 10, noNaN: true }),
      diverged: fc.boolean(),
    })
    .map((any) =>
      input({
        history: points(any.metrics),
        round: any.metrics.length + (any.diverged || any.metrics.length === 0 ? 1 : 0),
        settings: { ...any, delta: { kind: 'geometric', factor: any.factor } },
        caps: any,
      }),
    );

  it('is the same, word for word, for the same input, and leaves the input as it was', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const copy = structuredClone(given);
        const first = JSON.stringify(decide(given));
        expect(JSON.stringify(decide(copy))).toBe(first);
        expect(given).toEqual(copy);
      }),
    );
  });

  it('never asks for images, hours, rounds or time past a cap', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const { action, delta, outcome } = decide(given);
        expect(action === 'stop').toBe(outcome !== null);
        expect(delta === null).toBe(action === 'stop');
        if (delta === null) return;
        const { caps, round } = given;
        expect(caps.images + totalOf(delta)).toBeLessThanOrEqual(caps.capImages ?? Number.POSITIVE_INFINITY);
        expect(totalOf(delta)).toBeGreaterThan(0);
        expect(caps.settledMinutes + caps.nextTrainingHours * 60).toBeLessThanOrEqual(caps.capMinutes);
        expect(round).toBeLessThan(caps.capRounds);
        expect(caps.deadlinePassed || given.settings.collectorExhausted).toBe(false);
      }),
    );
  });

  it('fits into a few words for the rounds table', () => {
    expect(decisionInWords(decide(input({ history: points([0.6, 0.8]) })))).toBe('collect 5 per class');
    expect(decisionInWords(decide(input({ history: points([0.6, 0.99]) })))).toBe('stop: target-reached');
    expect(decisionInWords({ delta: { cat: 1200, dog: 3 }, outcome: null })).toBe('collect 3–1,200 per class');
  });
});
