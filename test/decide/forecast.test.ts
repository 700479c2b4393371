import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../decide/decide.ts';
import { totalOf } from '../../decide/delta.ts';
import { FORECAST_DEFAULTS, type ForecastSettings } from '../../loop/forecast.ts';
import type { CurvePoint, DecisionInput } from '../../loop/round.ts';
import { type Changes, input } from './inputs.ts';

const CLASSES = ['a', 'b', 'c', 'd'];

interface Seen {
  images: number;
  metric: number;
}

function curve(seen: readonly Seen[]): CurvePoint[] {
  return seen.map((point, at) => ({ ...point, round: at + 1, model: `m${at + 1}`, verdicts: null }));
}

/** An input under the forecast: the last point is the present round. */
function forecasting(
  seen: readonly Seen[],
  changes: Changes = {},
  forecast: Partial<ForecastSettings> = {},
): DecisionInput {
  const images = seen.at(-1)?.images ?? 8;
  return input({
    ...changes,
    history: changes.history ?? curve(seen),
    round: changes.round ?? seen.length,
    settings: {
      evaluationImages: 500,
      policy: 'forecast',
      delta: { kind: 'forecast' },
      forecast: { ...FORECAST_DEFAULTS, ...forecast },
      ...changes.settings,
    },
    caps: { images, capImages: 100 * images, ...changes.caps },
    perClass: changes.perClass ?? Object.fromEntries(CLASSES.map((name) => [name, Math.ceil(images / 4)])),
  });
}

const RISING = [
  { images: 64, metric: 0.5 },
  { images: 128, metric: 0.62 },
  { images: 256, metric: 0.71 },
];

/** Sizes that grow and metrics that do as they like. */
const wild = fc
  .array(
    fc.record({ growth: fc.double({ min: 1.1, max: 4, noNaN: true }), metric: fc.integer({ min: 0, max: 500 }) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((steps) => {
    let images = 40;
    return steps.map(({ growth, metric }) => {
      images = Math.ceil(images * growth);
      return { images, metric: metric / 500 };
    });
  });
const target = fc.integer({ min: 1, max: 100 }).map((percent) => percent / 100);
const looks = fc.constantFrom('shared' as const, 'independent' as const);

describe('the forecast', () => {
  it('gives the same words whatever the order of the keys it was recorded in', () => {
    const shares = { cat: 7, dog: 11, elk: 13, fox: 17 };
    const of = (names: string[]) => {
      const counts = (factor: number) =>
        Object.fromEntries(names.map((name) => [name, shares[name as keyof typeof shares] * factor + name.length]));
      const history = curve(RISING).map((point, at) => ({ ...point, perClass: counts(at + 1) }));
      return decide(forecasting(RISING, { history, perClass: counts(5.5) }));
    };
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.keys(shares), { minLength: 4 }), (names) => {
        expect(of(names)).toEqual(of(Object.keys(shares)));
      }),
    );
  });

  it('gives the same words for the same inputs', () => {
    expect(decide(forecasting(RISING))).toEqual(decide(structuredClone(forecasting(RISING))));
  });

  it('tells the target met, within reach and out of reach with probabilities that add up to 1', () => {
    fc.assert(
      fc.property(wild, target, looks, (seen, goal, how) => {
        const { forecast } = decide(forecasting(seen, { settings: { target: goal } }, { looks: how }));
        const { claim, grow, giveUp } = forecast?.probabilities ?? { claim: -1, grow: -1, giveUp: -1 };
        expect(Math.min(claim, grow, giveUp)).toBeGreaterThanOrEqual(0);
        expect(claim + grow + giveUp).toBeCloseTo(1, 9);
      }),
      { numRuns: 60 },
    );
  });

  it('claims a target that is well passed, and says with what probability', () => {
    const decision = decide(forecasting(RISING, { settings: { target: 0.6 } }));
    expect(decision).toMatchObject({ action: 'stop', outcome: 'target-reached' });
    expect(decision.sentence).toMatch(/the target 0\.60 is met with a probability of (over )?9\d % \(65 % is needed\)/);
  });

  it('gives up a target that the cap puts out of reach, and names the cap', () => {
    const flat = [64, 128, 256, 512].map((images) => ({ images, metric: 0.6 }));
    const decision = decide(forecasting(flat, { settings: { target: 0.95 }, caps: { capImages: 1000 } }));
    expect(decision).toMatchObject({ action: 'stop', outcome: 'target-unreachable' });
    expect(decision.sentence).toContain(
      'with 1,000 images it is under 1 % (below 25 %); probably more images than are within reach',
    );
  });

  it('goes on where the target is in reach, with the images it needs as a range', () => {
    const decision = decide(forecasting(RISING, { settings: { target: 0.8 } }));
    expect(decision.action).toBe('collect');
    expect(decision.sentence).toMatch(
      /it is \d+ %; about [\d,]+ more images \(80 % from [\d,]+ to beyond reach\) are needed/,
    );
  });

  it('says that fewer than three points are too few, doubles, and gives nothing up', () => {
    const decision = decide(forecasting(RISING.slice(0, 2), { settings: { target: 0.99 }, caps: { capImages: 400 } }));
    expect(decision.sentence).toContain('2 points of the curve, too few to extrapolate');
    expect(decision.forecast).toMatchObject({ extrapolates: false, next: 256, band: [], needed: null });
    expect(totalOf(decision.delta ?? {})).toBe(128);
  });

  it('takes nested parts of the first round as points', () => {
    const one = forecasting(RISING.slice(0, 1));
    const parts = [0.25, 0.5].map((share) => ({ share, images: 64 * share, metric: 0.3 + share / 5, verdicts: null }));
    const decision = decide({ ...one, subsets: parts });
    expect(decision.forecast).toMatchObject({ points: 3, extrapolates: true });
  });

  it('takes more to claim before the third round: one lucky look is easily had', () => {
    const claimed = (metric: number) => {
      const two = [
        { images: 64, metric: 0.7 },
        { images: 128, metric },
      ];
      const { outcome, forecast, sentence } = decide(forecasting(two, { settings: { target: 0.8 } }));
      return { outcome, claim: forecast?.probabilities?.claim ?? 0, sentence };
    };
    const lucky = claimed(0.81);
    expect(lucky.claim).toBeGreaterThan(0.7);
    expect(lucky.outcome).toBeNull();
    expect(lucky.sentence).toContain('(90 % is needed)');
    expect(claimed(0.9).outcome).toBe('target-reached');
  });

  it('gives nothing up before the third round, and says so', () => {
    const parts = [0.25, 0.5].map((share) => ({ share, images: 64 * share, metric: 0.3, verdicts: null }));
    const flat = forecasting([{ images: 64, metric: 0.3 }], { settings: { target: 0.95 }, caps: { capImages: 128 } });
    const decision = decide({ ...flat, subsets: parts });
    expect(decision.action).toBe('collect');
    expect(decision.sentence).toContain('(below 25 %, but nothing is given up before 3 rounds)');
  });

  it('counts the rounds and hours left as caps, and looks no further', () => {
    const oneLeft = decide(forecasting(RISING, { settings: { target: 0.9 }, caps: { capRounds: 4 } }));
    expect(oneLeft.forecast).toMatchObject({ horizon: 1024, used: { roundsLeft: 1 } });
    const noneLeft = decide(forecasting(RISING, { settings: { target: 0.99 }, caps: { capRounds: 3 } }));
    expect(noneLeft.outcome).toBe('round-limit');
    expect(noneLeft.forecast).toMatchObject({ horizon: 256, next: null, probabilities: { grow: 0 } });
    expect(noneLeft.sentence).toContain('no further round is allowed');
  });

  it('takes a true metric of half a point below the target for it, whatever the margin', () => {
    const bar = (margin: number) =>
      decide(forecasting(RISING, { settings: { target: 0.8, margin } })).forecast?.used.bar;
    expect([bar(0), bar(0.004), bar(0.5)]).toEqual([0.8, 0.798, 0.795]);
  });

  it('lets no single curve decide where all points fit but a few: the seed of the drawn curves hardly matters', () => {
    const steep = [30, 60, 120, 240].map((images, at) => ({ images, metric: [0.1, 0.1, 0.12, 0.55][at] ?? 0 }));
    const within = Array.from({ length: 8 }, (_, at) => {
      const { forecast } = decide(
        forecasting(
          steep,
          { settings: { target: 0.75, evaluationImages: 2000 }, caps: { capImages: 960 } },
          { seed: at + 1 },
        ),
      );
      expect(forecast?.used.effective).toBeGreaterThanOrEqual(60);
      return 1 - (forecast?.probabilities?.giveUp ?? 1);
    });
    expect(Math.max(...within) - Math.min(...within)).toBeLessThan(0.3);
  });

  it('does not take the noise of flat rounds for smaller because a later one learned much', () => {
    const verdicts = (right: number) => '1'.repeat(right) + '0'.repeat(200 - right);
    const rounds = [100, 102, 104, 170].map((right, at) => ({
      round: at + 1,
      images: 64 * 2 ** at,
      model: `m${at + 1}`,
      metric: right / 200,
      verdicts: verdicts(right),
    }));
    const { used } =
      decide(forecasting([], { history: rounds, round: 4, settings: { evaluationImages: 200 } })).forecast ?? {};
    const whole = used?.noise.map((own) => Math.hypot(own, used.sharedNoise)) ?? [];
    expect(Math.min(...whole)).toBeGreaterThan(0.03);
  });

  it('is not certain of a detector whose draws do not differ', () => {
    const perfect: CurvePoint[] = [
      {
        round: 1,
        images: 40,
        model: 'm1',
        metric: 1,
        verdicts: null,
        resampled: { resamples: 1000, seed: 1, interval: [1, 1], against: [] },
      },
    ];
    const settings = {
      task: 'detection' as const,
      metric: 'meanAveragePrecision50',
      target: 0.95,
      evaluationImages: 5,
    };
    expect(decide(forecasting([], { history: perfect, round: 1, settings })).action).toBe('collect');
  });

  it('plans real steps for targets near 1, which no measurement can exceed', () => {
    const rising = [0.6, 0.8, 0.93].map((metric, at) => ({ images: 100 * 2 ** at, metric }));
    const next = decide(forecasting(rising, { settings: { target: 1, evaluationImages: 100 } })).forecast?.next ?? 0;
    expect(next).toBeGreaterThan(500);
  });

  it('tells of the next round what the operator’s own rule makes of it', () => {
    const settings = { delta: { kind: 'fixed' as const, imagesPerClass: 5 }, target: 0.9 };
    const { forecast, delta } = decide(forecasting(RISING, { settings }));
    expect(forecast?.next).toBe(256 + totalOf(delta ?? {}));
  });

  it('ends without a target and a margin, too', () => {
    const flat = [64, 128, 256, 512].map((images) => ({ images, metric: 0.9 }));
    const { gainOfDoubling } = decide(forecasting(flat, { settings: { target: null, margin: 0 } })).forecast ?? {};
    expect(gainOfDoubling).toBeLessThan(1);
  });

  it('without a target stops as good enough when doubling would not pay, and goes on while it would', () => {
    const flat = [64, 128, 256, 512].map((images) => ({ images, metric: 0.8 }));
    const ended = decide(forecasting(flat, { settings: { target: null, margin: 0.02 } }));
    expect(ended).toMatchObject({ outcome: 'good-enough' });
    expect(ended.sentence).toContain('twice the images gain 0.02 or more with a probability of');
    const rising = decide(forecasting(RISING, { settings: { target: null } }));
    expect(rising.action).toBe('collect');
    const next = 256 + totalOf(rising.delta ?? {});
    expect(next).toBeGreaterThanOrEqual(320);
    expect(next).toBeLessThanOrEqual(512);
  });

  it('trusts a target less when all rounds share one evaluation set', () => {
    const near = [64, 128, 256].map((images) => ({ images, metric: 0.82 }));
    const claimOf = (how: 'shared' | 'independent') =>
      decide(forecasting(near, { settings: { target: 0.8 } }, { looks: how })).forecast?.probabilities?.claim ?? 0;
    expect(claimOf('independent')).toBeGreaterThan(claimOf('shared'));
  });

  it('takes fewer and larger rounds where rounds are dear', () => {
    const nextAt = (trainingHour: number) =>
      decide(forecasting(RISING, { settings: { target: 0.8 } }, { prices: { image: 1, trainingHour } })).forecast
        ?.next ?? 0;
    expect(nextAt(2000)).toBeGreaterThan(nextAt(1));
  });

  it('says what the table of rules would have done, and the other way round', () => {
    const seen = [64, 128, 256, 512].map((images) => ({ images, metric: 0.7 }));
    const decision = decide(forecasting(seen, { settings: { target: 0.75 }, caps: { capImages: 100_000 } }));
    expect(decision.other).toMatchObject({ policy: 'thresholds', outcome: 'not-improving' });
    const other = decide(forecasting(RISING, { settings: { policy: 'thresholds', target: 0.6 } }));
    expect(other.sentence).toContain('forecast would do the same');
  });

  it('says when it claims below the measured target, or does not claim above it', () => {
    const lucky = [
      { images: 64, metric: 0.6 },
      { images: 128, metric: 0.6 },
      { images: 256, metric: 0.69 },
    ];
    const decision = decide(forecasting(lucky, { settings: { target: 0.69 } }));
    expect(decision.action).toBe('collect');
    expect(decision.warnings.join(' ')).toContain('is not claimed although the measured value reaches it');
  });

  it('warns when a claim rests on the hold-out metric', () => {
    const decision = decide(forecasting(RISING, { settings: { target: 0.4, evaluationImages: null } }));
    expect(decision.outcome).toBe('target-reached');
    expect(decision.warnings.join(' ')).toContain('rests on the service’s own hold-out metric alone');
  });
});

describe('the laws of the forecast', () => {
  it('raising the latest metric alone never lowers the probability of a claim by more than 0.01', () => {
    fc.assert(
      fc.property(wild, fc.tuple(target, looks), fc.integer({ min: 1, max: 250 }), (seen, [goal, how], raise) => {
        const claimAt = (metric: number) => {
          const raised = [...seen.slice(0, -1), { images: seen.at(-1)?.images ?? 1, metric }];
          return (
            decide(forecasting(raised, { settings: { target: goal } }, { looks: how })).forecast?.probabilities
              ?.claim ?? 0
          );
        };
        const metric = seen.at(-1)?.metric ?? 0;
        expect(claimAt(Math.min(1, metric + raise / 500))).toBeGreaterThanOrEqual(claimAt(metric) - 0.01);
      }),
      { numRuns: 150 },
    );
  }, 60_000);

  it('raising the cap on images alone never turns going on into giving up', () => {
    fc.assert(
      fc.property(
        wild,
        target,
        fc.tuple(fc.integer({ min: 101, max: 5000 }), fc.integer({ min: 101, max: 800 })),
        (seen, goal, [cap, more]) => {
          const images = seen.at(-1)?.images ?? 1;
          const outcomeAt = (capImages: number) =>
            decide(forecasting(seen, { settings: { target: goal }, caps: { capImages } })).outcome;
          const [low, high] = [Math.ceil((images * cap) / 100), Math.ceil((images * cap * more) / 10_000)];
          if (outcomeAt(low) === null) expect(outcomeAt(high)).not.toBe('target-unreachable');
        },
      ),
      { numRuns: 80 },
    );
  }, 60_000);

  it('δ is never negative, never past a cap, and a step worth measuring where there is room', () => {
    fc.assert(
      fc.property(wild, target, fc.integer({ min: 100, max: 1000 }), (seen, goal, cap) => {
        const images = seen.at(-1)?.images ?? 1;
        const capImages = Math.ceil((images * cap) / 100);
        const { delta } = decide(forecasting(seen, { settings: { target: goal }, caps: { capImages } }));
        if (delta === null) return;
        const counts = Object.values(delta);
        expect(Math.min(...counts)).toBeGreaterThanOrEqual(0);
        const next = images + totalOf(delta);
        expect(next).toBeLessThanOrEqual(capImages);
        expect(next).toBeGreaterThanOrEqual(Math.min(capImages, Math.ceil(1.25 * images)));
      }),
      { numRuns: 80 },
    );
  }, 60_000);
});
