import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../decide/decide.ts';
import { expectedWords, neededWords } from '../../decide/forecast/words.ts';
import { percent, percentAsGiven } from '../../decide/format.ts';
import { type OutcomeFacts, outcomeSentence } from '../../decide/outcome-sentence.ts';
import { recommend } from '../../decide/recommend.ts';
import { startWarnings } from '../../decide/warnings.ts';
import { OUTCOMES } from '../../loop/outcome.ts';
import { input, points, SETTINGS, verdictPair } from './inputs.ts';

const sentence = (metrics: number[], changes: Parameters<typeof input>[0] = {}) =>
  decide(input({ history: points(metrics), ...changes })).sentence;

describe('the sentence of a decision', () => {
  it('gives the first metric with its interval', () => {
    expect(sentence([0.6])).toBe(
      'Round 1: accuracyTop1 0.60 (95 % interval 0.54–0.66 on 240 images): the first round with a metric; collect 5 more per class (30 images).',
    );
  });

  it('names the round it compares with, the gain, the noise and the patience', () => {
    const [first, second] = verdictPair(240, { better: 8, worse: 4, both: 200 });
    const history = points([204 / 240, 208 / 240], [first, second]);
    expect(decide(input({ history })).sentence).toBe(
      'Round 2 against round 1: accuracyTop1 0.85 → 0.87 (+0.02, noise ±0.03 on 240 images): not a real gain; ' +
        'round 1 of 3 without one; collect 5 more per class (30 images).',
    );
  });

  it('says that a noise is not a paired one', () => {
    expect(sentence([0.6, 0.8])).toBe(
      'Round 2 against round 1: accuracyTop1 0.60 → 0.80 (+0.20, noise ±0.08 on 240 images, unpaired): a real gain; collect 5 more per class (30 images).',
    );
  });

  it('names the margin where it is wider than the noise', () => {
    expect(sentence([0.6, 0.605], { settings: { evaluationImages: 100_000 } })).toContain('accuracyTop1 0.600 → 0.605');
    expect(sentence([0.6, 0.605], { settings: { evaluationImages: 100_000 } })).toContain(
      '(+0.005, noise ±0.004 on 100,000 images, unpaired, margin 0.01): not a real gain',
    );
  });

  it('says that no change of so few verdicts would be real', () => {
    const [first, second] = verdictPair(240, { better: 4, worse: 0, both: 200 });
    const history = points([200 / 240, 204 / 240], [first, second]);
    expect(decide(input({ history })).sentence).toContain(
      '4 of 240 verdicts changed, no change of so few would be real',
    );
  });

  it('says what was claimed, and what a stop hangs on', () => {
    expect(sentence([0.8, 0.96])).toContain(
      '(+0.16, noise ±0.06 on 240 images, unpaired): target 0.95 reached; stop: target-reached.',
    );
    expect(sentence([0.8, 0.96], { settings: { claim: 'lower-bound', target: 0.9 } })).toContain(
      'lower 95 % bound 0.93 reaches the target 0.90; stop: target-reached.',
    );
    expect(sentence([0.86, 0.87, 0.86, 0.87])).toContain(
      'round 3 of 3 without one; stop: not-improving, target 0.95 not reached.',
    );
    expect(sentence([0.6, 0.8], { caps: { settledMinutes: 1400 } })).toContain(
      'stop: budget-exhausted, the next training would reserve 1 h of compute and only 40 min of 24 h are left.',
    );
    expect(sentence([0.6, 0.8], { settings: { collectorExhausted: true } })).toContain(
      'stop: images-exhausted, the collector has nothing new after 48 images.',
    );
  });

  it('prints enough decimals that no number contradicts the verdict', () => {
    const metric = fc.integer({ min: 0, max: 997 }).map((right) => right / 997);
    fc.assert(
      fc.property(metric, metric, fc.constantFrom(0, 0.005, 0.01, 0.1), (first, second, margin) => {
        const decision = decide(
          input({ history: points([first, second]), settings: { margin, target: null, evaluationImages: 997 } }),
        );
        fc.pre(Math.abs((decision.gain ?? 0) - (decision.threshold ?? 0)) > 1e-5);
        const found = /: accuracyTop1 ([\d.]+) → ([\d.]+) \(([+−])([\d.]+), noise ±([\d.]+)/.exec(decision.sentence);
        const [from, to, gain, noise] = [found?.[1], found?.[2], found?.[4], found?.[5]].map(Number) as [
          number,
          number,
          number,
          number,
        ];
        const signedGain = found?.[3] === '−' ? -gain : gain;
        expect(Math.abs(to - from - signedGain)).toBeLessThan(0.0101);
        expect(signedGain).toBeCloseTo(second - first, 2);
        if (signedGain > 0) expect(signedGain >= Math.max(noise, margin)).toBe(decision.realGain);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the words of a forecast', () => {
  it('tell the images still needed as a range to two digits, also where an end of it is out of reach', () => {
    expect(neededWords({ low: 704, median: 1283, high: 2951 })).toBe(
      'about 1,300 more images (80 % between 700 and 3,000)',
    );
    expect(neededWords({ low: 0, median: 1, high: null })).toBe('about 1 more image (80 % from 0 to beyond reach)');
    expect(neededWords({ low: 0, median: 0, high: 31 })).toBe('perhaps no more images (80 % between 0 and 31)');
    expect(neededWords({ low: 68, median: null, high: null })).toBe(
      'probably more images than are within reach (at least 68 more, with 90 %)',
    );
    expect(neededWords({ low: 0, median: null, high: null })).toBe('probably more images than are within reach');
  });

  it('tell a metric as a range', () => {
    expect(expectedWords({ low: 0.861, high: 0.9 })).toBe('80 % between 0.86 and 0.90');
  });

  it('make no probability a certainty that it is not', () => {
    const told = [0, 0.004, 0.354, 0.997, 1].map((value) => percent(value));
    expect(told).toEqual(['0 %', 'under 1 %', '35 %', 'over 99 %', '100 %']);
  });

  it('keep a probability on its side of the dial that it is held against, as the dial was given', () => {
    const pairs = [0.6496, 0.6504, 0.65, 0.7].map((value) => percent(value, 0.65));
    expect(pairs).toEqual(['64.96 %', '65.04 %', '65 %', '70 %']);
    expect([0, 0.125, 0.07, 1 - 0.9, 1].map(percentAsGiven)).toEqual(['0 %', '12.5 %', '7 %', '10 %', '100 %']);
  });
});

describe('warnings', () => {
  it('say when only the evaluation set’s size denies a gain, and which size would be enough', () => {
    const [first, second] = verdictPair(240, { better: 8, worse: 4, both: 200 });
    const { warnings } = decide(input({ history: points([204 / 240, 208 / 240], [first, second]) }));
    expect(warnings).toEqual([
      'The evaluation set of 240 images is too small to see a gain of 0.01: about 2,400 images would be enough.',
    ]);
    expect(decide(input({ history: points([0.85, 0.852]) })).warnings).toEqual([]);
  });

  it('say when too little was predicted for the paired comparison', () => {
    const history = points([0.6, 0.9], ['1'.repeat(240), '-'.repeat(24) + '1'.repeat(216)]);
    expect(decide(input({ history })).warnings.join()).toContain('Only 90 % of the evaluation set was predicted');
  });

  it('say when a claim stands on the measured value alone, and when a bound withholds it', () => {
    expect(decide(input({ history: points([0.8, 0.96]) })).warnings).toEqual([
      'The target 0.95 is claimed by the measured value alone: accuracyTop1 measured 0.96 with a lower 95 % bound of 0.93, below the target.',
    ]);
    expect(decide(input({ history: points([0.8, 0.96]), settings: { claim: 'lower-bound' } })).warnings).toEqual([
      'The target 0.95 is not claimed although the measured value reaches it: accuracyTop1 measured 0.96 with a lower 95 % bound of 0.93.',
    ]);
  });

  it('at the start tell the size that would be enough, or that there is no evaluation set', () => {
    expect(startWarnings(SETTINGS, true)).toEqual([
      'The evaluation set of 240 images is too small to see a gain of 0.01: about 4,300 images would be enough.',
    ]);
    expect(startWarnings({ ...SETTINGS, margin: 0.1 }, true)).toEqual([]);
    expect(startWarnings({ ...SETTINGS, margin: 0 }, true)).toEqual([]);
    expect(startWarnings({ ...SETTINGS, evaluationImages: 5000 }, true)).toEqual([]);
    expect(startWarnings({ ...SETTINGS, evaluationImages: 3000 }, false)).toHaveLength(1);
    expect(startWarnings({ ...SETTINGS, evaluationImages: null, claim: 'lower-bound' }, true)).toHaveLength(2);
  });
});

describe('the sentence of an outcome', () => {
  const history = points([0.6, 0.8, 0.86]);
  const facts: OutcomeFacts = {
    outcome: 'stopped',
    metric: 'accuracyTop1',
    target: 0.95,
    patience: 3,
    policy: 'thresholds',
    margin: 0.01,
    history,
    recommended: recommend(history, SETTINGS),
    rounds: 3,
    images: 54,
    billedMinutes: 7,
    caps: { capMinutes: 1440, capImages: 60, capRounds: 20 },
  };

  it('gives the reason, what was used and the recommended model for each of the ten outcomes', () => {
    const sentences = OUTCOMES.map((outcome) => outcomeSentence({ ...facts, outcome }));
    const used =
      ', after 3 rounds, 54 training images and 7 compute minutes; recommended is the model of round 2 (36 images) with accuracyTop1 0.80 (95 % interval 0.74–0.85).';
    expect(sentences).toEqual([
      `Target 0.95 reached${used.replace(/\.$/, ', below the target but not really worse than round 3 with 0.86.')}`,
      `Good enough: 3 rounds in a row brought no real gain${used}`,
      `Not improving: 3 rounds in a row brought no real gain, target 0.95 not reached${used}`,
      `Target 0.95 is probably out of reach within the caps${used}`,
      `Images exhausted: the collector has nothing new, target 0.95 not reached${used}`,
      `Budget exhausted: what is left of 1,440 compute minutes does not hold another training, target 0.95 not reached${used}`,
      `Image limit: all 60 images allowed are used, target 0.95 not reached${used}`,
      `Round limit: all 20 rounds allowed are done, target 0.95 not reached${used}`,
      `Deadline: the loop’s time is over, target 0.95 not reached${used}`,
      `Stopped by a person, target 0.95 not reached${used}`,
    ]);
  });

  it('says under the forecast what the forecast stopped for', () => {
    const forecast: OutcomeFacts = { ...facts, policy: 'forecast', target: null };
    expect(outcomeSentence({ ...forecast, outcome: 'good-enough' })).toContain(
      'Good enough: doubling the images would probably not gain the margin of 0.01, after 3 rounds',
    );
    expect(outcomeSentence({ ...forecast, outcome: 'not-improving' })).toContain(
      'Not improving: 3 rounds in a row gave no metric, after 3 rounds',
    );
  });

  it('says so when the recommended model measured below a target that was met', () => {
    expect(outcomeSentence({ ...facts, outcome: 'target-reached', target: 0.86 })).toContain(
      'with accuracyTop1 0.80 (95 % interval 0.74–0.85), below the target but not really worse than round 3 with 0.86.',
    );
  });

  it('says so when the target was measured and not claimed', () => {
    expect(outcomeSentence({ ...facts, outcome: 'round-limit', target: 0.85 })).toContain(
      'target 0.85 not claimed although round 3 measured 0.86',
    );
  });

  it('says that nothing is recommended when no round has a metric', () => {
    expect(
      outcomeSentence({
        ...facts,
        target: null,
        history: [],
        recommended: null,
        rounds: 1,
        images: 1,
        billedMinutes: 1,
      }),
    ).toBe(
      'Stopped by a person, after 1 round, 1 training image and 1 compute minute; no round has a metric, so no model is recommended.',
    );
  });
});
