import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wilsonInterval } from '../../decide/binomial.ts';
import { recommend } from '../../decide/recommend.ts';
import { points, verdictPair } from './inputs.ts';

const SET = { margin: 0.01, evaluationImages: 240 };

describe('the recommended model', () => {
  it('has the fewest images of those that two-sample noise cannot tell from the best', () => {
    const chosen = recommend(points([0.5, 0.86, 0.88, 0.87]), SET);
    expect(chosen).toEqual({
      model: 'loop-r2-abc-1',
      round: 2,
      images: 36,
      metric: 0.86,
      interval: wilsonInterval(0.86, 240),
    });
  });

  it('is told apart more sharply by the paired test', () => {
    const [first, second] = verdictPair(240, { better: 10, worse: 0, both: 200 });
    const metrics = [200 / 240, 210 / 240];
    expect(recommend(points(metrics), SET)?.round).toBe(1);
    expect(recommend(points(metrics, [first, second]), SET)?.round).toBe(2);
  });

  it('does not count the operator’s margin as noise', () => {
    const [first, second] = verdictPair(240, { better: 10, worse: 0, both: 200 });
    expect(recommend(points([200 / 240, 210 / 240], [first, second]), { ...SET, margin: 0.5 })?.round).toBe(2);
  });

  it('is chosen by the margin alone, without an interval, on the hold-out metric', () => {
    const holdOut = { margin: 0.05, evaluationImages: null };
    expect(recommend(points([0.8, 0.86, 0.9]), holdOut)).toMatchObject({ round: 2, interval: null });
    expect(recommend(points([0.8, 0.86, 0.9]), { ...holdOut, margin: 0.03 })?.round).toBe(3);
  });

  it('is none when no round has a metric', () => {
    expect(recommend([], SET)).toBeNull();
  });

  it('never has more images than the best, nor a metric above it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 240 }), { minLength: 1, maxLength: 9 }), (right) => {
        const history = points(right.map((count) => count / 240));
        const chosen = recommend(history, SET);
        const best = history.toSorted((one, other) => other.metric - one.metric)[0];
        expect(chosen?.images).toBeLessThanOrEqual(best?.images ?? 0);
        expect(chosen?.metric).toBeLessThanOrEqual(best?.metric ?? 0);
      }),
    );
  });
});
