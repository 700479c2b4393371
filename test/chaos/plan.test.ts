import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeProblems } from '../../loop/changes.ts';
import { LoopSpecSchema } from '../../loop/spec.ts';
import { drawPlan, STORM_MS } from './plan.ts';
import { BATCHES, FAILING_TRAININGS } from './plan-loops.ts';

const seeds = fc.nat(1_000_000);

describe('the plan of a run', () => {
  it('is the same for the same seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(drawPlan(seed)).toEqual(drawPlan(seed));
      }),
    );
  });

  it('differs from that of the next seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(drawPlan(seed + 1)).not.toEqual(drawPlan(seed));
      }),
    );
  });

  it('disturbs inside its time, in order, and only loops that there are', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { disturbances, loops, stopAtMs } = drawPlan(seed);
        const moments = disturbances.map(({ atMs }) => atMs);
        expect(moments).toEqual(moments.toSorted((a, b) => a - b));
        expect(Math.max(...moments)).toBeLessThanOrEqual(STORM_MS);
        expect(stopAtMs).toBeGreaterThan(STORM_MS);
        for (const each of disturbances) if (each.kind === 'ask') expect(loops[each.loop]).toBeDefined();
      }),
    );
  });

  it('has loops whose first trainings fail at the service, each in one way, and others in none', () => {
    const names = Array.from({ length: 300 }, (_, seed) => drawPlan(seed).loops.map(({ name }) => name)).flat();
    const rules = FAILING_TRAININGS.map(({ match }) => new RegExp(match?.models ?? '$^'));
    const hits = (model: string) => rules.flatMap((rule, at) => (rule.test(model) ? [at] : []));
    const first = names.map((name) => hits(`${name}-r1-0123456789ab-1`));
    expect(new Set(first.flat())).toEqual(new Set([0, 1, 2]));
    expect(Math.max(...first.map(({ length }) => length))).toBe(1);
    expect(first.filter(({ length }) => length === 0).length).toBeGreaterThan(names.length / 2);
    expect(names.flatMap((name) => hits(`${name}-r1-0123456789ab-2`))).toEqual([]);
  });

  it('has specs that a loop can be started with, and names that no other seed has', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const { name, spec, collector, batches } of drawPlan(seed).loops) {
          const source = collector === 'people' ? { kind: collector } : { kind: collector, path: '/pool' };
          const whole = { name, ...spec, classes: ['a', 'b'], collector: source, evaluation: { path: '/e' } };
          expect(LoopSpecSchema.safeParse(whole).error).toBeUndefined();
          expect(name).toContain(`-${seed}-`);
          expect(batches.every(({ batch }) => batch < BATCHES)).toBe(true);
        }
      }),
    );
  });

  it('changes only what may be changed', () => {
    const spec = LoopSpecSchema.parse({ name: 'a', collector: { kind: 'pool', path: '/pool' } });
    fc.assert(
      fc.property(seeds, (seed) => {
        const { disturbances, answers } = drawPlan(seed);
        const sets = [
          ...disturbances.flatMap((each) => (each.kind === 'ask' ? [each.set] : [])),
          ...answers.flatMap(({ set }) => set ?? []),
        ];
        for (const set of sets) expect(changeProblems(spec, set)).toEqual([]);
      }),
    );
  });

  it('brings every kind of disturbance within a few hundred seeds', () => {
    const kinds = new Set(
      Array.from({ length: 300 }, (_, seed) => drawPlan(seed)).flatMap(({ disturbances }) =>
        disturbances.map((each) => {
          if (each.kind === 'kill' || each.kind === 'ask') return `${each.kind} ${each.what}`;
          return each.kind === 'http' ? `http ${each.fault}` : each.kind;
        }),
      ),
    );
    const wanted = [
      'ask adjust, ask cancel, ask pause, ask stop, ask stop-now, clock, disk-full, freeze',
      'http broken, http reset-after, http reset-before, http slow, http too-many, http truncated',
      'kill both-workers, kill service, kill temporal, kill worker-1, kill worker-2, restore',
    ];
    expect([...kinds].toSorted().join(', ')).toBe(wanted.join(', '));
  });
});
