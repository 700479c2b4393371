import { describe, expect, it } from 'vitest';
import { answerRequest } from '../../decide/answer.ts';
import { type DecisionRequest, DecisionRequestSchema } from '../../loop/decision-request.ts';

interface Asked {
  metrics: (number | null)[];
  settings?: Partial<DecisionRequest['settings']>;
  caps?: Partial<DecisionRequest['caps']>;
}

/** A request over rounds of 20, 40, 80 … images. */
function asked({ metrics, settings, caps = { images: 5000 } }: Asked): DecisionRequest {
  return DecisionRequestSchema.parse({
    history: metrics.map((metric, at) => ({ images: 20 * 2 ** at, metric })),
    settings: { target: 0.9, evaluationImages: 500, ...settings },
    caps,
  });
}

const RISING = [0.5, 0.62, 0.72];

/** A number that is no number would be written down as `null` and read back as something else. */
function finite(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value !== 'object' || value === null || Object.values(value).every(finite);
}

describe('an answer to a bare history', () => {
  it('grows to a total that the caps allow', () => {
    const answer = answerRequest(asked({ metrics: RISING }));
    expect(answer.action).toBe('grow');
    expect(answer.nextImages).toBeGreaterThanOrEqual(100);
    expect(answer.nextImages).toBeLessThanOrEqual(320);
  });

  it('claims, gives up and stops by those names', () => {
    expect(answerRequest(asked({ metrics: [0.95, 0.96] }))).toMatchObject({ action: 'claim', nextImages: null });
    expect(answerRequest(asked({ metrics: [0.3, 0.3, 0.3, 0.3], caps: { images: 400 } }))).toMatchObject({
      action: 'give-up',
      outcome: 'target-unreachable',
    });
    expect(answerRequest(asked({ metrics: RISING, caps: { images: 5000, rounds: 3 } }))).toMatchObject({
      action: 'stop',
      outcome: 'round-limit',
    });
  });

  it('grows by the rule that it is told, whatever the policy', () => {
    const delta = { kind: 'fixed', imagesPerClass: 7 } as const;
    for (const policy of ['forecast', 'thresholds'] as const)
      for (const metric of ['accuracyTop1', 'meanAveragePrecision50'] as const)
        expect(
          answerRequest(asked({ metrics: RISING, settings: { delta, policy, metric, classes: 4 } })),
        ).toMatchObject({
          action: 'grow',
          nextImages: 80 + 4 * 7,
        });
  });

  it('gives the id back and takes parts of the first round', () => {
    const request = DecisionRequestSchema.parse({
      id: 'seven',
      history: [
        { images: 16, metric: 0.3, share: 0.25 },
        { images: 32, metric: 0.4, share: 0.5 },
        { images: 64, metric: 0.5 },
      ],
      settings: { target: 0.9, evaluationImages: 500 },
      caps: { images: 4000 },
    });
    expect(answerRequest(request)).toMatchObject({ id: 'seven', action: 'grow' });
  });

  it('refuses a history of nothing but parts', () => {
    const request = DecisionRequestSchema.parse({
      history: [{ images: 16, metric: 0.3, share: 0.25 }],
      settings: { evaluationImages: 500 },
    });
    expect(() => answerRequest(request)).toThrow('no round');
  });

  it.each<[string, Asked]>([
    ['metrics of 0', { metrics: [0, 0, 0, 0] }],
    ['metrics of 1 and a target of 1', { metrics: [1, 1, 1], settings: { target: 1 } }],
    ['a metric that falls every round', { metrics: [0.9, 0.8, 0.7, 0.6] }],
    ['an evaluation set of 5 images', { metrics: [0.4, 0.6, 0.8], settings: { evaluationImages: 5 } }],
    ['a target of 0', { metrics: [0.2], settings: { target: 0 } }],
    ['a target below the first point', { metrics: [0.8], settings: { target: 0.2 } }],
    ['a cap below the first round', { metrics: [0.5], caps: { images: 10 } }],
    ['one class', { metrics: RISING, settings: { classes: 1 } }],
    ['3,000 classes', { metrics: RISING, settings: { classes: 3000 } }],
    ['a round without a metric', { metrics: [0.5, 0.6, 0.7, null] }],
    ['a first round without a metric', { metrics: [null] }],
    ['no metric at all for as long as patience lasts', { metrics: [null, null, null] }],
    ['prices of 0', { metrics: RISING, settings: { prices: { image: 0, trainingHour: 0 } } }],
    ['images that cost nothing', { metrics: RISING, settings: { prices: { image: 0, trainingHour: 3 } } }],
    ['no target', { metrics: RISING, settings: { target: null } }],
    ['a hold-out metric', { metrics: RISING, settings: { evaluationImages: null } }],
    ['a lower bound to be claimed', { metrics: RISING, settings: { claim: 'lower-bound' } }],
    ['a detector', { metrics: RISING, settings: { metric: 'meanAveragePrecision50' } }],
    [
      'a confidence of 1 and a give-up probability of 0',
      { metrics: [1, 1, 1], settings: { confidence: 1, giveUp: 0 } },
    ],
  ])('is sensible and whole for %s, under both policies', (_, what) => {
    for (const policy of ['forecast', 'thresholds'] as const) {
      const answer = answerRequest(asked({ ...what, settings: { ...what.settings, policy } }));
      expect(finite(answer)).toBe(true);
      expect(answer.sentence).toMatch(/^Round \d.*[^.]\.$/);
      expect(answer.sentence).not.toMatch(/NaN|Infinity|undefined|null/);
      const last = asked(what).history.at(-1)?.images ?? 0;
      if (answer.nextImages !== null) expect(answer.nextImages).toBeGreaterThan(last);
      expect(answer.action === 'grow').toBe(answer.nextImages !== null);
    }
  });

  it('does not give up while the measured value reaches the target', () => {
    const answer = answerRequest(asked({ metrics: [1, 1, 1, 1], settings: { target: 1, evaluationImages: 5 } }));
    expect(answer.action).toBe('grow');
  });
});
