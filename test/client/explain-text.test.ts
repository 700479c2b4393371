import { describe, expect, it } from 'vitest';
import { type ExplainedRound, explanationText } from '../../client/render-explanation.ts';
import { decide } from '../../decide/decide.ts';
import type { Forecast } from '../../loop/forecast.ts';
import type { Decision } from '../../loop/round.ts';
import { input, points } from '../decide/inputs.ts';
import { forecastOf } from '../report/forecasts.ts';

const GROWING = forecastOf({ from: 18, last: 78, horizon: 600, next: 96 });
const FORECAST: Forecast = {
  ...GROWING,
  probabilities: { claim: 0.12, grow: 0.876, giveUp: 0.004 },
  present: { low: 0.86, median: 0.88, high: 0.9 },
  used: { ...GROWING.used, noise: [0.012, 0.01] },
};

const PLAIN = { loop: 'colours', style: (_tone: unknown, text: string) => text };

/** A round of three points with what a forecast adds to the decision. */
function explained(change: Partial<Decision>): ExplainedRound {
  const given = input({ history: points([0.7, 0.8, 0.88]), settings: { policy: 'forecast' } });
  const subsets = [{ share: 0.25, images: 5, metric: 0.5, verdicts: null }];
  const decision = { ...decide(given), ...change };
  const recomputed = { same: true, differences: [], failure: null };
  return { round: 3, input: { ...given, subsets }, decision, raw: decision, recomputed, deadline: null, journal: [] };
}

describe('an explanation with a forecast', () => {
  const text = explanationText(explained({ forecast: FORECAST }), PLAIN);

  it('shows the chances beside the dials that they are held against', () => {
    expect(text).toMatch(/target met now +12 %; the loop claims it from 65 % on/);
    expect(text).toMatch(/out of reach +under 1 %; the loop gives up above 80 %/);
  });

  it('shows what is needed as a range, also where its end is beyond the caps', () => {
    expect(text).toMatch(/still needed +about 120 more images \(80 % between 70 and 260\)\n/);
    const needed = { low: 200, median: null, high: null };
    expect(explanationText(explained({ forecast: { ...FORECAST, needed } }), PLAIN)).toMatch(
      /still needed +probably more images than are within reach \(at least 200 more, with 90 %\)/,
    );
  });

  it('shows parts of the first round as points, and the numbers that the posterior was made with', () => {
    expect(text).toMatch(/¼ of round 1 +5 +0\.500/);
    expect(text).toMatch(/true metric now +80 % between 0\.860 and 0\.900, in the middle 0\.880/);
    expect(text).toMatch(/noise of points +0\.012, 0\.010; shared by all 0\.015/);
    expect(text).toMatch(
      /curves tried +3,000 possible learning curves, of which 410 fit the points; drawn with seed \d/,
    );
    expect(text).not.toMatch(/particles|round price|\bbar\b/);
  });

  it('says that nothing is extrapolated from too few points', () => {
    const few = { ...FORECAST, points: 2, extrapolates: false, probabilities: null, needed: null, gainOfDoubling: 0.4 };
    const said = explanationText(explained({ forecast: few }), PLAIN);
    expect(said).toMatch(
      /rests on +2 points of the curve, too few to extrapolate \(3 are needed\): the loop just grows/,
    );
    expect(said).toMatch(/doubling helps +40 % that twice the images gain at least 0\.01; the loop ends below 20 %/);
  });
});

describe('an explanation', () => {
  const other = {
    policy: 'thresholds',
    action: 'stop',
    outcome: 'not-improving',
    words: 'no gain in 3 rounds',
  } as const;
  const split = [
    { className: 'cat', have: 8, performance: 0.5, noise: 0.31, collect: 6 },
    { className: 'dog', have: 8, performance: null, noise: null, collect: 3 },
  ];

  it('shows how weak each class is beside what it gets, and what the other policy would have done', () => {
    const text = explanationText(explained({ split, other }), PLAIN);
    expect(text).toMatch(/class +have +recall +noise +collect\n +cat +8 +0\.500 +±0\.310 +6\n +dog +8 +– +– +3/);
    expect(text).toMatch(/The other policy\n {2}no gain in 3 rounds\n/);
  });

  it('keeps inside the width of the terminal, and takes no control characters from files', () => {
    const text = explanationText(explained({ forecast: FORECAST, other, sentence: 'Red\u001b[31m alert' }), {
      ...PLAIN,
      width: 80,
    });
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toContain('Red alert');
  });

  it('of an input that contradicts itself tells only what is recorded, and why nothing can be decided from it', () => {
    const recomputed = { same: false, differences: [], failure: 'round 2 has 239 verdicts' };
    const text = explanationText({ ...explained({}), recomputed }, PLAIN);
    expect(text).not.toContain('The comparison');
    expect(text).toContain('no decision can be made from the recorded input, since round 2 has 239 verdicts.');
  });
});
