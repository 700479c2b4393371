import { describe, expect, it } from 'vitest';
import { explanationText } from '../../client/render-explanation.ts';
import { decide } from '../../decide/decide.ts';
import type { CurvePoint, DecisionInput } from '../../loop/round.ts';
import { type Changes, input, points } from '../decide/inputs.ts';

const FORECAST = { confidence: 0.7, giveUp: 0.25, seed: 1, looks: 'shared', prices: null } as const;
const SUBSETS = [
  { share: 0.25, images: 12, metric: 0.5, verdicts: null },
  { share: 0.5, images: 24, metric: 0.6, verdicts: null },
];

/** An input of the forecast policy. */
function forecasting({ settings, ...more }: Changes = {}): DecisionInput {
  return input({
    ...more,
    settings: { policy: 'forecast', delta: { kind: 'forecast' }, forecast: FORECAST, ...settings },
  });
}

/** What `explain` prints of a decision that this input leads to. */
function explained(given: DecisionInput, deadline: string | null = null): string {
  const decision = decide(given);
  const recomputed = { same: true, differences: [], failure: null };
  const round = { round: given.round, input: given, decision, raw: decision, recomputed, deadline, journal: [] };
  return explanationText(round, { loop: 'colours', style: (_tone, text) => text });
}

describe('an explanation', () => {
  it('says of the minutes of a first round that its parts are not in them', () => {
    const first = forecasting({ caps: { roundMinutes: 1, settledMinutes: 3 } });
    expect(explained({ ...first, subsets: SUBSETS })).toContain('; this round took 1 min, without its parts\n');
    expect(explained(first)).toContain('; this round took 1 min\n');
    const second = forecasting({ history: points([0.7, 0.8]), caps: { roundMinutes: 1 } });
    expect(explained({ ...second, subsets: SUBSETS })).toContain('; this round took 1 min\n');
  });

  it('says whether there is a deadline, and whether it had passed', () => {
    const passed = input({ caps: { deadlinePassed: true } });
    expect(explained(input())).toMatch(/deadline +none is set\n/);
    expect(explained(input(), '7d')).toMatch(/deadline +7d after the start of the loop: had not passed\n/);
    expect(explained(passed, '7d')).toMatch(/deadline +7d after the start of the loop: had passed\n/);
  });

  it('speaks of an evaluation set only where there is one', () => {
    const held = explained(forecasting({ history: points([0.5, 0.6, 0.7]), settings: { evaluationImages: null } }));
    expect(held).toContain('(every round has a hold-out of its own)');
    expect(held).not.toContain('share one evaluation set');
    expect(explained(forecasting())).toContain('(rounds share one evaluation set)');
  });

  it('says of a detector that its rounds were predicted', () => {
    const resampled = { resamples: 1000, seed: 1, interval: [0.5, 0.7] as [number, number], against: [] };
    const history: CurvePoint[] = points([0.6]).map((point) => ({ ...point, resampled }));
    const settings = { task: 'detection' as const, metric: 'meanAveragePrecision50' };
    expect(explained(forecasting({ history, settings }))).toMatch(/round 1 +18 +0\.600 +0\.500–0\.700 +yes\n/);
    expect(explained(forecasting({ settings }))).toMatch(/round 1 +18 .* +–\n/);
  });

  it('asks for one certainty throughout where a lower bound is claimed', () => {
    const bound = explained(forecasting({ history: points([0.7, 0.8, 0.85]), settings: { claim: 'lower-bound' } }));
    expect(bound).toMatch(
      /target +0\.95, claimed when it is met with a probability of at least 97\.5 % \(claim: lower-bound\)/,
    );
    expect(bound).toMatch(/target met now .*; the loop claims it from 97\.5 % on/);
    expect(bound).toMatch(/counts as met +a true metric of 0\.950, the target itself \(claim: lower-bound\)/);
    expect(bound).not.toMatch(/70 %|98 %/);
    const measured = explained(forecasting({ history: points([0.7, 0.8, 0.85]) }));
    expect(measured).toMatch(
      /counts as met +a true metric of 0\.945, which differs from the target by less than counts/,
    );
    expect(measured).toMatch(/sized for +measuring 0\.9\d\d, which allows the claim/);
  });

  it('says once what the other policy would have done', () => {
    const text = explained(forecasting({ history: points([0.7, 0.8]) }));
    expect(text).toMatch(/The other policy\n {2}thresholds would collect\n/);
    expect(text.match(/would collect/g)).toHaveLength(1);
  });
});
