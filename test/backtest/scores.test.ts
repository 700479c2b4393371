import { describe, expect, it } from 'vitest';
import { curveOf } from '../../backtest/curve.ts';
import { intervalsOf } from '../../backtest/intervals.ts';
import { type RunScore, scoreRun, scoresOf } from '../../backtest/scores.ts';
import type { Ended } from '../../backtest/simulate.ts';

/** 0.5 at 10 images, 0.6 at 100, 0.7 at 1,000. */
const CURVE = curveOf({ id: 'a', dataset: 'a', start: 10 }, [
  { images: 10, metric: 0.5 },
  { images: 100, metric: 0.6 },
  { images: 1000, metric: 0.7 },
]);
const MID = { kind: 'mid', value: 0.6, needed: 100 } as const;
const BEYOND = { kind: 'unattainable', value: 0.8, needed: null } as const;

function ended(end: Ended['end'], images: number, rounds: number): Ended {
  return { end, outcome: null, history: [], images, rounds, cost: images + 10 * rounds, wanted: null };
}

describe('the score of a run', () => {
  it('compares a success with somebody who knows the curve and needs two rounds', () => {
    expect(scoreRun(CURVE, MID, ended('claim', 200, 3))).toEqual({
      dataset: 'a',
      kind: 'mid',
      claimed: true,
      success: true,
      wrong: false,
      imagesRatio: 2,
      costRatio: 230 / 120,
      rounds: 3,
      bought: 190 / 990,
      regret: (230 - 120) / 1000,
    });
  });

  it('counts a claim as true down to a point below the target', () => {
    // 0.59 is reached with 10 · 10^0.9 = 79.4 images.
    expect(scoreRun(CURVE, MID, ended('claim', 80, 2))).toMatchObject({ success: true, wrong: false });
    expect(scoreRun(CURVE, MID, ended('claim', 79, 2))).toMatchObject({ success: false, wrong: true });
  });

  it('adds a whole cap for a target that could have been met, and none for one that could not', () => {
    expect(scoreRun(CURVE, MID, ended('give-up', 100, 2)).regret).toBeCloseTo(1);
    expect(scoreRun(CURVE, BEYOND, ended('give-up', 10, 1)).regret).toBe(0);
    expect(scoreRun(CURVE, BEYOND, ended('claim', 1000, 4))).toMatchObject({ wrong: true, regret: (1040 - 20) / 1000 });
  });
});

describe('the scores of many runs', () => {
  const runs: RunScore[] = [
    scoreRun(CURVE, { ...MID, kind: 'near' }, ended('claim', 100, 2)),
    scoreRun(CURVE, MID, ended('claim', 400, 4)),
    scoreRun(CURVE, MID, ended('claim', 50, 1)),
    scoreRun(CURVE, MID, ended('give-up', 30, 3)),
    scoreRun(CURVE, BEYOND, ended('give-up', 10, 1)),
    scoreRun(CURVE, BEYOND, ended('claim', 1000, 5)),
    scoreRun(CURVE, BEYOND, ended('caps', 505, 5)),
  ];

  it('are those that a hand computes', () => {
    const scores = scoresOf(runs);
    expect(scores).toMatchObject({
      success: 2 / 4,
      near: 1,
      mid: 1 / 3,
      far: Number.NaN,
      wrong: 2 / 4,
      gaveUp: expect.closeTo(3 / 7),
    });
    // Two successes: with 1 and 4 times the images, for 120 and 440 of 120.
    expect(scores.images).toBeCloseTo(2, 12);
    expect(scores.imagesP90).toBeCloseTo(3.7, 12);
    expect(scores.cost).toBeCloseTo(Math.sqrt(440 / 120), 12);
    expect(scores.rounds).toBe(3);
    expect(scores.bought).toBeCloseTo((0 + 1 + 0.5) / 3, 12);
    expect(scores.boughtMedian).toBeCloseTo(0.5, 12);
    // Attainable: 0, 0.32, (60 − 120) / 1000 + 1 and (60 − 120) / 1000 + 1; unattainable: 0, 1.03 and 0.535.
    expect(scores.regret).toBeCloseTo((0.75 * (0 + 0.32 + 0.94 + 0.94)) / 4 + (0.25 * (0 + 1.03 + 0.535)) / 3, 12);
  });

  it('have intervals by drawing whole data sets, which hold the score and are narrow for equal data sets', () => {
    const sets = Array.from({ length: 12 }, (_, at) => at).flatMap((at) =>
      runs.map((run) => ({ ...run, dataset: `set ${at}`, success: at % 2 === 0 && run.success })),
    );
    const { success, rounds } = intervalsOf(sets);
    expect(success[0]).toBeLessThan(0.25);
    expect(success[1]).toBeGreaterThan(0.25);
    expect(rounds).toEqual([expect.closeTo(3, 12), expect.closeTo(3, 12)]);
    expect(intervalsOf(sets)).toEqual(intervalsOf(sets));
  });
});
