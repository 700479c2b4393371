import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetHint } from '../../vision/budget-hint.ts';
import { HOSTED_CAPABILITIES, minimumHours, suggestedHours } from '../../vision/capabilities.ts';
import {
  isTerminalEvaluationStatus,
  isTerminalModelStatus,
  MODEL_STATUSES,
  ModelRequestSchema,
  ModelSchema,
  PredictionSchema,
  ResourceNameSchema,
} from '../../vision/contract.ts';

const model = {
  name: 'm',
  trainingParameters: { trainingDatasetName: 'd', timeBudgetInHours: 1, modelKind: 'Generic-Classifier' },
};

describe('statuses', () => {
  it('get their own spelling back whatever casing the wire has', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MODEL_STATUSES), fc.infiniteStream(fc.boolean()), (status, upper) => {
        const odd = Array.from(status, (letter) => (upper.next().value ? letter.toUpperCase() : letter.toLowerCase()));
        expect(ModelSchema.parse({ ...model, status: odd.join('') }).status).toBe(status);
      }),
    );
  });

  it('that are unknown are kept and count as not ended', () => {
    const { status } = ModelSchema.parse({ ...model, status: 'Hibernating' });
    expect(status).toBe('Hibernating');
    expect(isTerminalModelStatus(status)).toBe(false);
    expect(isTerminalEvaluationStatus(status)).toBe(false);
  });
});

describe('names', () => {
  it.each(['a', '0', 'Loop-r3.1_x', 'x'.repeat(255)])('accept %s', (name) => {
    expect(ResourceNameSchema.safeParse(name).success).toBe(true);
  });

  it.each(['', '-a', '.a', '_a', 'a b', 'a/b', 'ä', 'a:cancel', 'x'.repeat(256)])('refuse "%s"', (name) => {
    expect(ResourceNameSchema.safeParse(name).success).toBe(false);
  });
});

describe('a training request', () => {
  it.each([0, -1, 1.5, 1345, '1'])('with a budget of %s hours is refused', (timeBudgetInHours) => {
    const trainingParameters = { ...model.trainingParameters, timeBudgetInHours };
    expect(ModelRequestSchema.safeParse({ trainingParameters }).success).toBe(false);
  });
});

describe('a prediction', () => {
  it('may lack tags, which means that nothing was found', () => {
    expect(PredictionSchema.parse({ customModelResult: {} }).customModelResult.tagsResult).toBeUndefined();
  });
});

describe('capabilities', () => {
  it('demand one hour for each 3000 images or so, in whole hours', () => {
    expect([1, 2999, 3000, 1_000_000].map((n) => minimumHours('Generic-Classifier', { images: n }))).toEqual([
      1, 1, 2, 334,
    ]);
  });

  it('never suggest less than the minimum or more than the longest training', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (images) => {
        const hours = suggestedHours('Generic-Classifier', { images });
        expect(hours).toBeGreaterThanOrEqual(minimumHours('Generic-Classifier', { images }));
        expect(hours).toBeLessThanOrEqual(HOSTED_CAPABILITIES.quotas['Generic-Classifier'].maxTrainingHours);
      }),
    );
  });
});

describe('a failure for too small a budget', () => {
  it('tells its minimum and its suggestion', () => {
    const message = 'Minimum budget: 1.2 hours. Suggested budget: 6 hours.';
    expect(budgetHint({ code: 'notEnoughBudget', message })).toEqual({ minimumHours: 2, suggestedHours: 6 });
  });

  it('tells nothing where its message names no number', () => {
    expect(budgetHint({ code: 'notEnoughBudget', message: 'Not enough.' })).toEqual({});
  });
});
