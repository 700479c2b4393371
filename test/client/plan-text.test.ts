import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planSentences, staticSummary } from '../../client/plan-text.ts';
import { parseSpec } from '../../client/spec-file.ts';
import { LoopSpecSchema } from '../../loop/spec.ts';

describe('the plan of a loop', () => {
  const plan = (more: string) =>
    planSentences(parseSpec(`name: a\ncollector: {kind: pool, path: p}\n${more}`, 'a.yaml')).join(' ');

  it('says when the forecast claims, gives up and grows', () => {
    const text = plan(
      'target: 0.9\nforecast: {confidence: 0.75}\nprices: {image: 0.2, trainingHour: 3, currency: EUR}',
    );
    expect(text).toContain(
      'Stops when the target 0.90 is met with a probability of at least 75 %, or within reach of the caps with less than 25 %. ' +
        'Rounds without a real gain are counted and end nothing. 3 rounds in a row that give no metric end it.',
    );
    expect(text).toContain('at least a quarter, with 0.2 EUR for an image and 3 EUR for a compute hour.');
  });

  it('says that parts of the first round are trained where they are', () => {
    const parts = 'A quarter and a half of them are trained too, for the forecast.';
    const measured = 'evaluation: {path: e}\nimagesPerClass: 8';
    expect(plan(measured)).toContain(parts);
    for (const without of [`${measured}\npolicy: thresholds`, 'imagesPerClass: 8', 'evaluation: {path: e}'])
      expect(plan(without)).not.toContain(parts);
  });

  it('asks for more certainty where a lower bound is to reach the target, as the forecast does', () => {
    const bound = 'target: 0.9\nclaim: lower-bound\nevaluation: {path: e}\n';
    expect(plan(bound)).toContain('with a probability of at least 97.5 % (claim: lower-bound), or');
    expect(plan(`${bound}forecast: {confidence: 0.99}`)).toContain('of at least 99 % (claim: lower-bound), or');
  });

  it('says under every policy that rounds without a metric end it', () => {
    for (const policy of ['thresholds', 'forecast'])
      for (const target of ['', 'target: 0.9\n']) {
        const text = plan(`${target}policy: ${policy}\npatience: 1`);
        expect(text).toContain('A round that gives no metric ends it.');
      }
  });

  it('says when the forecast has enough without a target', () => {
    expect(plan('forecast: {giveUp: 0.125}')).toContain(
      'stops when doubling the images gains 0.01 with a probability below 12.5 %.',
    );
  });

  it('says under thresholds what it said before there was a forecast', () => {
    const text = plan('policy: thresholds\ntarget: 0.9');
    expect(text).toContain('Each round has 1.6 times the images of the one before.');
    expect(text).toContain(
      'Stops when the metric reaches 0.90, or after 3 rounds in a row without a real gain (at least 0.01, and more than chance explains).',
    );
  });
});

describe('the summary for the Temporal UI', () => {
  it('never takes more than 200 bytes and begins as the title does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 120 }), (title) => {
        const summary = staticSummary(
          LoopSpecSchema.parse({ name: 'a', collector: { kind: 'pool', path: 'p' }, title: title.slice(0, 120) }),
        );
        expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(200);
        expect(title.startsWith(summary.replace(/…$/, ''))).toBe(true);
      }),
    );
  });
});
