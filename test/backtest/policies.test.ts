import { describe, expect, it } from 'vitest';
import { LEARN_OPTIMISE_COLLECT } from '../../backtest/loc-policy.ts';
import { loopStrategy } from '../../backtest/loop-strategy.ts';
import { fitPowerLaw, imagesByLaw, metricByLaw, POWER_LAW } from '../../backtest/power-law.ts';
import type { Seen, Task } from '../../backtest/strategy.ts';
import type { DecisionAnswer, DecisionRequest } from '../../loop/decision-request.ts';

const LAW = { ceiling: 0.9, drop: 1.2, exponent: 0.5 };
const TASK: Task = { target: 0.85, cap: 2000, rounds: 12, start: 64, evaluationImages: 2000 };

function seen(sizes: number[], law = LAW): Seen[] {
  return sizes.map((images) => ({
    images,
    metric: metricByLaw(law, images),
    ...(images < 64 && { share: images / 64 }),
  }));
}

describe('the power law by least squares', () => {
  it('finds the law that made the points, and where it meets a metric', () => {
    const law = fitPowerLaw(seen([16, 32, 64, 128]));
    expect(law.ceiling).toBeCloseTo(LAW.ceiling, 6);
    expect(law.drop).toBeCloseTo(LAW.drop, 6);
    expect(law.exponent).toBeCloseTo(LAW.exponent, 6);
    expect(imagesByLaw(law, 0.85)).toBeCloseTo((1.2 / 0.05) ** 2, 3);
    expect(imagesByLaw(law, 0.91)).toBe(Number.POSITIVE_INFINITY);
  });

  it('never promises more than 1, and takes falling points for a plateau', () => {
    const rising = fitPowerLaw([
      { images: 10, metric: 0.1 },
      { images: 20, metric: 0.5 },
      { images: 40, metric: 1 },
    ]);
    expect(rising.ceiling).toBeLessThanOrEqual(1);
    expect(fitPowerLaw(seen([16, 32, 64], { ...LAW, drop: -0.4 })).drop).toBe(0);
  });

  it('claims, grows to where the law meets the target, doubles once when that is beyond the cap, then gives up', () => {
    const parts = [16, 32, 64];
    expect(POWER_LAW.decide(seen(parts), TASK)).toEqual({ kind: 'grow', to: 8 * 64 });
    expect(POWER_LAW.decide(seen([...parts, 500]), TASK)).toEqual({ kind: 'grow', to: expect.closeTo(576, 3) });
    expect(POWER_LAW.decide(seen([...parts, 600]), TASK)).toEqual({ kind: 'claim' });
    expect(POWER_LAW.decide(seen(parts), { ...TASK, target: 0.95 })).toEqual({ kind: 'grow', to: 128 });
    expect(POWER_LAW.decide(seen([...parts, 128]), { ...TASK, target: 0.95 })).toEqual({ kind: 'give-up' });
  });
});

describe('the policy like learn–optimise–collect', () => {
  it('buys nothing for a target that no bootstrap reaches', () => {
    const history = seen([16, 32, 64, 128, 256]);
    expect(LEARN_OPTIMISE_COLLECT.decide(history, { ...TASK, target: 0.99 })).toEqual({ kind: 'give-up' });
  });

  it('goes about as far as the law says for a target within reach, the same every time', () => {
    const history = seen([16, 32, 64, 128, 256]);
    const move = LEARN_OPTIMISE_COLLECT.decide(history, { ...TASK, evaluationImages: 100_000 });
    // The law needs 576 images.
    if (move.kind !== 'grow') throw new Error(move.kind);
    expect(move.to).toBeGreaterThan(450);
    expect(move.to).toBeLessThan(700);
    expect(LEARN_OPTIMISE_COLLECT.decide(history, { ...TASK, evaluationImages: 100_000 })).toEqual(move);
  });

  it('claims on the measured metric, and is at its end at the cap', () => {
    expect(LEARN_OPTIMISE_COLLECT.decide(seen([64, 600]), TASK)).toEqual({ kind: 'claim' });
    expect(LEARN_OPTIMISE_COLLECT.decide(seen([64, 500]), { ...TASK, cap: 500 })).toEqual({ kind: 'caps' });
  });

  it('takes a fifth of the images for the evaluation set where a hold-out is measured', () => {
    const history = seen([16, 32, 64, 128, 256]);
    const held = LEARN_OPTIMISE_COLLECT.decide(history, { ...TASK, evaluationImages: null });
    expect(held.kind).toBe('grow');
    expect(held).not.toEqual(LEARN_OPTIMISE_COLLECT.decide(history, TASK));
  });
});

describe('the loop’s own policy', () => {
  const answered = (answer: Partial<DecisionAnswer>, { roundMinutes }: { roundMinutes?: number } = {}) => {
    const requests: DecisionRequest[] = [];
    const strategy = loopStrategy({
      policy: 'forecast',
      title: '',
      subsets: true,
      settings: { looks: 'independent' },
      roundMinutes,
      answer: (request) => {
        requests.push(request);
        return {
          outcome: null,
          nextImages: null,
          probabilities: null,
          sentence: '',
          warnings: [],
          action: 'grow',
          ...answer,
        };
      },
    });
    return { strategy, requests };
  };

  it('asks with the history, the task and the loop’s defaults', () => {
    const { strategy, requests } = answered({ nextImages: 100 });
    const history = seen([16, 32, 64]);
    expect(strategy.decide(history, TASK)).toEqual({ kind: 'grow', to: 100 });
    expect(requests[0]).toMatchObject({
      history,
      settings: {
        policy: 'forecast',
        target: 0.85,
        evaluationImages: 2000,
        looks: 'independent',
        classes: null,
        margin: 0.01,
      },
      caps: { images: 2000, rounds: 12 },
    });
  });

  it('prices a round by the minutes that it is told, and knows no evaluation set of a hold-out', () => {
    const { strategy, requests } = answered({ nextImages: 100 }, { roundMinutes: 12 });
    strategy.decide(seen([64]), { ...TASK, evaluationImages: null });
    expect(requests[0]).toMatchObject({ settings: { evaluationImages: null }, caps: { roundMinutes: 12 } });
  });

  it('takes a claim for a claim, a cap for the end of what there is, and every other stop for giving up', () => {
    const move = (answer: Partial<DecisionAnswer>) => answered(answer).strategy.decide(seen([64]), TASK);
    expect(move({ action: 'claim', outcome: 'target-reached' })).toEqual({ kind: 'claim' });
    expect(move({ action: 'give-up', outcome: 'target-unreachable' })).toEqual({
      kind: 'give-up',
      outcome: 'target-unreachable',
    });
    expect(move({ action: 'stop', outcome: 'not-improving' })).toEqual({ kind: 'give-up', outcome: 'not-improving' });
    expect(move({ action: 'stop', outcome: 'round-limit' })).toEqual({ kind: 'caps' });
    expect(move({ action: 'stop', outcome: 'image-limit' })).toEqual({ kind: 'caps' });
  });
});
