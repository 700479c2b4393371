import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Budget,
  hoursLeft,
  newBudget,
  owedMinutes,
  reserve,
  type Settlement,
  settle,
  withCap,
} from '../../workflows/budget.ts';

const status = fc.constantFrom('succeeded', 'failed', 'cancelled', 'gone');
/** What a service may report, also more than was reserved. */
const reported = fc.option(fc.double({ min: 0, max: 10_000, noNaN: true }), { nil: null });
const settlement = fc.record({ reservedHours: fc.integer({ min: 1, max: 48 }), status, minutes: reported });
/** A person sets the cap anew, up or down; what is reserved and settled stays. */
const change = fc.record({ kind: fc.constant('cap' as const), hours: fc.double({ min: 1, max: 200, noNaN: true }) });
const caps = fc.double({ min: 1, max: 200, noNaN: true });

/** Either a training begins, for as many hours if so many are left, or the oldest one under way ends. */
const step = fc.oneof(
  fc.record({ kind: fc.constant('reserve' as const), hours: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ kind: fc.constant('settle' as const), status, minutes: reported }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

interface Run {
  budget: Budget;
  /** Whole hours of the trainings under way. */
  open: number[];
  owed: number;
}

function take(run: Run, next: Step): Run {
  if (next.kind === 'reserve') {
    if (next.hours > hoursLeft(run.budget)) return run;
    return { ...run, budget: reserve(run.budget, next.hours), open: [...run.open, next.hours] };
  }
  const [reservedHours, ...open] = run.open;
  if (reservedHours === undefined) return run;
  const end: Settlement = { reservedHours, status: next.status, minutes: next.minutes };
  return { budget: settle(run.budget, end), open, owed: run.owed + owedMinutes(end) };
}

describe('a budget', () => {
  it('of more hours than there are numbers for comes through a history as it was', () => {
    const budget = newBudget(Number.MAX_VALUE);
    expect(JSON.parse(JSON.stringify(budget))).toEqual(budget);
    expect(hoursLeft(withCap(budget, 1e308))).toBeGreaterThan(1e12);
  });

  it('is never passed, whatever is reserved and settled in whatever order', () => {
    fc.assert(
      fc.property(caps, fc.array(step, { maxLength: 60 }), (cap, steps) => {
        let run: Run = { budget: newBudget(cap), open: [], owed: 0 };
        for (const next of steps) {
          run = take(run, next);
          const { capMinutes, settledMinutes, reservedMinutes } = run.budget;
          expect(capMinutes).toBeLessThanOrEqual(cap * 60);
          expect(settledMinutes + reservedMinutes).toBeLessThanOrEqual(capMinutes);
          expect(settledMinutes).toBe(run.owed);
          expect(reservedMinutes).toBe(60 * run.open.reduce((sum, hours) => sum + hours, 0));
          expect(hoursLeft(run.budget)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('holds the cap in force at each reservation, however the cap is changed in between', () => {
    fc.assert(
      fc.property(caps, fc.array(fc.oneof(step, change), { maxLength: 60 }), (cap, steps) => {
        let run: Run = { budget: newBudget(cap), open: [], owed: 0 };
        let largest = run.budget.capMinutes;
        for (const next of steps) {
          const before = run.budget;
          run = next.kind === 'cap' ? { ...run, budget: withCap(run.budget, next.hours) } : take(run, next);
          largest = Math.max(largest, run.budget.capMinutes);
          const { capMinutes, settledMinutes, reservedMinutes } = run.budget;
          if (reservedMinutes > before.reservedMinutes)
            expect(settledMinutes + reservedMinutes).toBeLessThanOrEqual(capMinutes);
          // Lowering a cap below what is reserved cancels nothing, and nothing more than the largest cap is ever spent.
          if (next.kind === 'cap') expect(reservedMinutes).toBe(before.reservedMinutes);
          expect(settledMinutes + reservedMinutes).toBeLessThanOrEqual(largest);
          if (settledMinutes + reservedMinutes > capMinutes) expect(hoursLeft(run.budget)).toBeLessThan(1);
        }
      }),
    );
  });

  it('refuses to reserve more than is left, part of an hour, and nothing', () => {
    const budget = reserve(newBudget(3.5), 1);
    expect(hoursLeft(budget)).toBe(2);
    for (const hours of [3, 1.5, 0, -1, Number.NaN]) expect(() => reserve(budget, hours)).toThrow(RangeError);
    expect(() => reserve(budget, 3)).toThrow('cannot reserve 3 h of the 2 h left');
  });

  it('gives back at once what a training did not use', () => {
    const begun = reserve(newBudget(2), 2);
    expect(hoursLeft(begun)).toBe(0);
    const ended = settle(begun, { reservedHours: 2, status: 'succeeded', minutes: 60 });
    expect(ended).toEqual({ capMinutes: 120, settledMinutes: 60, reservedMinutes: 0 });
    expect(hoursLeft(ended)).toBe(1);
  });
});

describe('what is owed for a training', () => {
  it('is what the service reports, in whole minutes, for every way of ending', () => {
    fc.assert(
      fc.property(settlement, ({ minutes, ...rest }) => {
        fc.pre(minutes !== null && minutes <= rest.reservedHours * 60);
        expect(owedMinutes({ ...rest, minutes })).toBe(Math.ceil(minutes ?? 0));
      }),
    );
  });

  it.each([
    ['failed', 0],
    ['cancelled', 180],
    ['gone', 180],
  ] as const)('is, when a training of 3 h %s and nothing is reported, %i minutes', (status, owed) => {
    expect(owedMinutes({ reservedHours: 3, status, minutes: null })).toBe(owed);
  });

  it('is a whole number, never below nothing nor above what was reserved', () => {
    fc.assert(
      fc.property(settlement, fc.double({ min: -100, max: 0, noNaN: true }), (end, odd) => {
        for (const minutes of [end.minutes, odd]) {
          const owed = owedMinutes({ ...end, minutes });
          expect(Number.isInteger(owed)).toBe(true);
          expect(owed).toBeGreaterThanOrEqual(0);
          expect(owed).toBeLessThanOrEqual(end.reservedHours * 60);
        }
      }),
    );
  });
});
