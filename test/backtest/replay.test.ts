import { describe, expect, it } from 'vitest';
import { PLAIN_POLICIES } from '../../backtest/plain-policies.ts';
import { knownPast, type Past, replay } from '../../backtest/replay.ts';
import { pastText, replayText } from '../../backtest/replay-text.ts';
import type { Seen, Strategy } from '../../backtest/strategy.ts';

const PAST: Past = {
  rounds: [
    { images: 12, metric: 0.4, share: 0.25 },
    { images: 24, metric: 0.5, share: 0.5 },
    { images: 48, metric: 0.6 },
    { images: 96, metric: 0.7 },
    { images: 100, metric: null },
    { images: 192, metric: 0.82 },
    { images: 300, metric: 0.8 },
  ],
  target: 0.81,
  evaluationImages: 400,
  caps: { images: 1000, rounds: 20 },
};

function policy(name: string): Strategy {
  const found = PLAIN_POLICIES.find((strategy) => strategy.name === name);
  if (!found) throw new Error(name);
  return found;
}

describe('a past', () => {
  it('begins with its first whole round, and counts rounds without a metric', () => {
    const known = knownPast(PAST);
    expect(known).toMatchObject({ images: 300, rounds: 5, curve: { start: 48, cap: 300 } });
    expect(known.curve.points.slice(-2)).toEqual([
      { images: 192, metric: expect.closeTo(0.81) },
      { images: 300, metric: expect.closeTo(0.81) },
    ]);
  });

  it('is told with what the curve says, and with what it cannot say', () => {
    const past = { ...PAST, target: 0.7 };
    const text = pastText('mine.csv', past, knownPast(past));
    expect(text.split('\n')[0]).toBe('What was really done: 48 → 96 → 100 → 192 → 300 images.');
    expect(text).toContain('Of the first round 12 and 24 images were trained on too, as parts');
    expect(text).toContain('mine.csv: 5 rounds, 300 images. Target 0.70; at most 1,000 images and 20 rounds');
    expect(text).toContain('reaches the target with about 96 images');
    expect(text).toContain('Between these rounds the curve is interpolated; beyond 300 images nothing is known');
    const high = { ...PAST, target: 0.9 };
    expect(pastText('mine.csv', high, knownPast(high))).toContain(
      'does not reach the target: it ends at 0.81 with 300 images',
    );
  });
});

describe('replaying a past', () => {
  it('shows a policy what was measured where it comes by the same sizes', () => {
    const answer = replay(policy('b3'), PAST, 0);
    expect(answer).toMatchObject({
      sizes: [48, 96, 192],
      end: 'claim',
      measured: 0.82,
      saved: { images: 108, rounds: 2 },
    });
    expect(replayText(answer)).toBe(
      'b3 (doubling, patience 3)\n  48 → 96 → 192 images, claimed the target at 0.82 (smoothed curve: 0.81) after 3 rounds; 108 fewer images and 2 fewer rounds than were really used.',
    );
  });

  it('ends a policy that wants more than was ever tried, and says how far it would have gone', () => {
    const answer = replay(policy('b3'), { ...PAST, target: 0.9 }, 0);
    expect(answer).toMatchObject({ end: 'curve', wanted: 384, saved: null });
    expect(replayText(answer)).toContain('after 3 rounds, would have gone on to 384 images.');
  });

  it('says when more would have been used than really was', () => {
    const rounds = [48, 96, 288].map((images, at) => ({ images, metric: [0.6, 0.61, 0.8][at] ?? 0 }));
    const text = replayText(replay(policy('a3'), { ...PAST, rounds, target: 0.8 }, 0));
    expect(text).toContain('claimed the target at 0.80');
    expect(text).toContain('the same number of images and 3 more rounds than were really used');
  });

  it('says when it is all the same', () => {
    const rounds = [48, 96, 192].map((images, at) => ({ images, metric: [0.6, 0.7, 0.8][at] ?? 0 }));
    const text = replayText(replay(policy('b3'), { ...PAST, rounds, target: 0.8 }, 0));
    expect(text).toContain('after 3 rounds; the same images and rounds as were really used.');
  });

  it('shows a policy that uses them the parts that were really trained, and no others', () => {
    const shown: Seen[][] = [];
    const decide: Strategy['decide'] = (history) => {
      shown.push([...history]);
      return { kind: 'claim' };
    };
    replay({ name: 'one', title: '', subsets: true, decide }, PAST, 0);
    expect(shown[0]).toEqual(PAST.rounds.slice(0, 3));
    replay({ name: 'one', title: '', subsets: true, decide }, { ...PAST, rounds: PAST.rounds.slice(2) }, 0);
    expect(shown[1]).toEqual([{ images: 48, metric: 0.6 }]);
  });

  it('draws no other luck for the metric of a hold-out', () => {
    const past = { ...PAST, evaluationImages: null, outcome: 'stopped' };
    expect(replay(policy('b3'), past, 30)).toMatchObject({ draws: null, measured: 0.82 });
    const text = pastText('mine.csv', past, knownPast(past));
    expect(text).toContain('300 images, then stopped.');
    expect(text).toContain('20 rounds; the metric of a hold-out.');
  });

  it('counts how it would have ended with other evaluation sets, the same every time', () => {
    const answer = replay(policy('b3'), PAST, 30);
    const { claimed = 0, gaveUp = 0, caps = 0, curve = 0 } = answer.draws ?? {};
    expect(claimed + gaveUp + caps + curve).toBe(30);
    expect(claimed).toBeGreaterThan(0);
    expect(replayText(answer)).toContain('With the luck of 30 other evaluation sets: ');
    expect(replay(policy('b3'), PAST, 30)).toEqual(answer);
  });

  it('shows as many decimals as keep a miss from looking like a hit', () => {
    const rounds = [48, 96, 192].map((images, at) => ({ images, metric: [0.6, 0.7, 0.8096][at] ?? 0 }));
    expect(replayText(replay(policy('b3'), { ...PAST, rounds }, 0))).toContain('at 0.8096 (smoothed curve: 0.8096)');
  });
});
