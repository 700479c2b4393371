import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../decide/decide.ts';
import { recompute } from '../../decide/recompute.ts';
import { RecordedDecisionSchema } from '../../loop/recorded-decision.ts';
import { input, points } from './inputs.ts';

const metrics = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 });

function asRecorded(given: Parameters<typeof decide>[0]) {
  const stored: unknown = JSON.parse(JSON.stringify({ input: given, decision: decide(given) }));
  return RecordedDecisionSchema.parse(stored);
}

describe('deciding again', () => {
  it('from what was stored gives the same words and numbers', () => {
    fc.assert(
      fc.property(metrics, (history) => {
        const recorded = asRecorded(input({ history: points(history) }));
        expect(recompute(recorded.input, recorded.decision)).toEqual({ same: true, differences: [], failure: null });
      }),
    );
  });

  it('names every field that differs with both values, also one that a side lacks', () => {
    const recorded = asRecorded(input({ history: points([0.8, 0.9]) }));
    const { delta: _delta, ...edited } = {
      ...recorded.decision,
      sentence: 'Enough.',
      warnings: ['Mind.'],
      mood: 'good',
    };
    const { same, differences } = recompute(recorded.input, edited);
    expect(same).toBe(false);
    expect(differences).toEqual([
      { field: 'sentence', recorded: 'Enough.', recomputed: recorded.decision.sentence },
      { field: 'warnings.0', recorded: 'Mind.', recomputed: undefined },
      { field: 'mood', recorded: 'good', recomputed: undefined },
      { field: 'delta', recorded: undefined, recomputed: recorded.decision.delta },
    ]);
  });

  it('sees the last digit of a number', () => {
    const recorded = asRecorded(input({ history: points([0.8, 0.9]) }));
    const gain = (recorded.decision.gain ?? 0) + Number.EPSILON;
    expect(recompute(recorded.input, { ...recorded.decision, gain }).differences).toMatchObject([{ field: 'gain' }]);
  });

  it('says why nothing can be decided from an input that contradicts itself', () => {
    const recorded = asRecorded(input({ history: points([0.8, 0.9]) }));
    const history = points([0.8, 0.9], ['1'.repeat(240), '1'.repeat(239)]);
    const { same, failure } = recompute({ ...recorded.input, history }, recorded.decision);
    expect({ same, failure }).toEqual({ same: false, failure: expect.stringContaining('round 2 has 239 verdicts') });
  });
});

describe('a recorded decision', () => {
  it.each([3, 5])(
    'of a real loop, from before there were forecasts, is made again word for word: round %i',
    async (round) => {
      const file = new URL(`../fixtures/decisions/thresholds-round-${round}.json`, import.meta.url);
      const stored = RecordedDecisionSchema.parse(JSON.parse(await readFile(file, 'utf8')));
      expect(stored.input.settings.policy).toBeUndefined();
      expect(recompute(stored.input, stored.decision)).toMatchObject({ same: true, differences: [] });
    },
  );

  it('is read as it was written before there were forecasts, and keeps what is not known here', () => {
    const given = input({ history: points([0.8]) });
    const stored = { input: { ...given, weather: 'rain' }, decision: { ...decide(given), interval: undefined } };
    const read = RecordedDecisionSchema.parse(JSON.parse(JSON.stringify(stored)));
    expect(read.input).toEqual({ ...given, weather: 'rain' });
    expect(read.decision.interval).toBeNull();
  });

  it.each([
    [{ round: 0 }, 'input.round'],
    [{ history: [{ round: 1, images: 3, metric: 0.5 }] }, 'input.history.0.model'],
    [{ settings: { target: 0.5 } }, 'input.settings.metric'],
    [{ perClass: { cat: -1 } }, 'input.perClass.cat'],
  ])('with %j is refused', (change, where) => {
    const given = input({ history: points([0.8]) });
    const read = RecordedDecisionSchema.safeParse({ input: { ...given, ...change }, decision: decide(given) });
    expect(read.error?.issues.map(({ path }) => path.join('.'))).toContain(where);
  });
});
