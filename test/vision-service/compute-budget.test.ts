import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { budgetHint } from '../../vision/budget-hint.ts';
import type { TrainingSize } from '../../vision/capabilities.ts';
import type { ModelKind } from '../../vision/contract.ts';
import { billedMinutes } from '../../vision-service/ledger.ts';
import { BILLED_MINUTES_PER_SECOND, budgetMs, budgetUsedUp, requireBudget } from '../../vision-service/queue/budget.ts';
import { TaskFailure } from '../../vision-service/queue/failure.ts';

const rates = fc.constantFrom(BILLED_MINUTES_PER_SECOND, 0.5, 1, 60, 1000);

function failureOf(run: () => void): TaskFailure {
  try {
    run();
  } catch (error) {
    if (error instanceof TaskFailure) return error;
    throw error;
  }
  throw new Error('The budget was taken');
}

describe('billed minutes', () => {
  const run = fc.record({
    computeMs: fc.integer({ min: 0, max: 1e9 }),
    budgetHours: fc.integer({ min: 1, max: 336 }),
    minutesPerSecond: rates,
  });

  it('cover the compute time, by less than a minute too much, and never pass the budget', () => {
    fc.assert(
      fc.property(run, ({ computeMs, budgetHours, minutesPerSecond }) => {
        const minutes = billedMinutes({ status: 'succeeded', computeMs, budgetHours, minutesPerSecond });
        const exact = Math.min((computeMs / 1000) * minutesPerSecond, budgetHours * 60);
        expect(Number.isInteger(minutes)).toBe(true);
        expect(minutes).toBeGreaterThan(exact - 1e-6);
        expect(minutes).toBeLessThan(exact + 1);
        expect(minutes).toBeLessThanOrEqual(budgetHours * 60);
      }),
    );
  });

  it('are the whole budget exactly when the measured time that it pays for is used', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 336 }), rates, (budgetHours, minutesPerSecond) => {
        const computeMs = budgetMs(budgetHours, minutesPerSecond);
        const bill = (ms: number) =>
          billedMinutes({ status: 'succeeded', computeMs: ms, budgetHours, minutesPerSecond });
        expect(bill(computeMs)).toBe(budgetHours * 60);
        expect(bill(computeMs / 2)).toBe(budgetHours * 30);
      }),
    );
  });

  it('are what a cancelled run used, and none for failed work', () => {
    const run = { computeMs: 90_000, budgetHours: 1, minutesPerSecond: BILLED_MINUTES_PER_SECOND };
    expect(billedMinutes({ ...run, status: 'cancelled' })).toBe(2);
    expect(billedMinutes({ ...run, status: 'failed' })).toBe(0);
  });
});

describe('the least budget', () => {
  it.each<[ModelKind, TrainingSize, { minimumHours: number; suggestedHours: number }]>([
    ['Generic-Classifier', { images: 2999 }, { minimumHours: 1, suggestedHours: 5 }],
    ['Generic-Classifier', { images: 3000 }, { minimumHours: 2, suggestedHours: 6 }],
    ['Generic-Detector', { images: 150 }, { minimumHours: 2, suggestedHours: 4 }],
    ['Product-Recognizer', { images: 100, boxes: 30_000 }, { minimumHours: 11, suggestedHours: 21 }],
  ])('of a %s on %o is %o', (kind, size, hours) => {
    const { minimumHours } = hours;
    expect(() => requireBudget(kind, size, minimumHours)).not.toThrow();
    if (minimumHours === 1) return;
    const failure = failureOf(() => requireBudget(kind, size, minimumHours - 1));
    expect(failure.code).toBe('notEnoughBudget');
    expect(budgetHint({ code: failure.code, message: failure.message })).toEqual(hours);
  });

  it('is never refused where an hour is enough', () => {
    expect(() => requireBudget('Generic-Classifier', { images: 4 }, 1)).not.toThrow();
  });
});

describe('a budget that ended before all images were embedded', () => {
  it('names more hours than it had, as many as the rest will take', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 99 }), (hours, done) => {
        const size = { images: 100 };
        const failure = budgetUsedUp({ hours, done, total: 100 }, { kind: 'Generic-Classifier', size });
        const { minimumHours = 0, suggestedHours = 0 } = budgetHint({ code: failure.code, message: failure.message });
        expect(failure.code).toBe('notEnoughBudget');
        expect(minimumHours).toBeGreaterThan(hours);
        expect(minimumHours).toBeGreaterThanOrEqual((hours * 100) / Math.max(done, 1));
        expect(suggestedHours).toBeGreaterThanOrEqual(minimumHours);
      }),
    );
  });
});
