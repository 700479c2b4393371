import { describe, expect, it } from 'vitest';
import { curveOf } from '../../backtest/curve.ts';
import { frozenEvaluation, independentEvaluation, recordedEvaluation, seedOf } from '../../backtest/evaluation.ts';
import { PLAIN_POLICIES } from '../../backtest/plain-policies.ts';
import { runCurve } from '../../backtest/run.ts';
import { simulate } from '../../backtest/simulate.ts';
import type { Move, Seen, Strategy, Task } from '../../backtest/strategy.ts';
import { syntheticCurve } from './synthetic.ts';

const SIZES = [16, 64, 128, 192, 256, 320, 512, 1024];
/** Metrics as a list: what each size measures, with no error. */
function exact(metrics: number[]) {
  const measured = metrics.map((metric, at) => ({ images: SIZES[at] ?? 0, metric }));
  const curve = curveOf({ id: 'exact', dataset: 'exact', start: 64 }, measured);
  return { curve, evaluation: recordedEvaluation(500, measured) };
}

function policy(name: string): Strategy {
  const found = PLAIN_POLICIES.find((strategy) => strategy.name === name);
  if (!found) throw new Error(name);
  return found;
}

function scripted(moves: Move[], subsets = false): Strategy & { seen: [Seen[], Task][] } {
  const seen: [Seen[], Task][] = [];
  const decide = (history: readonly Seen[], task: Task): Move => {
    seen.push([[...history], task]);
    return moves[seen.length - 1] ?? { kind: 'give-up' };
  };
  return { name: 'scripted', title: 'scripted', subsets, decide, seen };
}

describe('a simulated run', () => {
  it('pays for images once, for every training as many as the first round has, and for parts their share', () => {
    const strategy = scripted([{ kind: 'grow', to: 199.2 }, { kind: 'claim' }], true);
    const run = simulate(strategy, { ...exact([0.1, 0.5, 0.6, 0.7, 0.8]), target: 0.7 });
    expect(run).toMatchObject({ end: 'claim', images: 200, rounds: 2, cost: 200 + 64 * (0.25 + 0.5 + 2) });
    expect(strategy.seen[0]?.[0]).toMatchObject([
      { images: 16, share: 0.25 },
      { images: 32, share: 0.5 },
      { images: 64 },
    ]);
  });

  it('grows by an image at least, never past the cap, and ends where nothing more can be bought', () => {
    const strategy = scripted([
      { kind: 'grow', to: 10 },
      { kind: 'grow', to: 1e9 },
      { kind: 'grow', to: 1e9 },
    ]);
    const run = simulate(strategy, { ...exact([0.1, 0.5, 0.6]), target: 0.9 });
    expect(run.history.map(({ images }) => images)).toEqual([64, 65, 128]);
    expect(run).toMatchObject({ end: 'caps', wanted: null });
  });

  it('never shrinks to a cap below its first round', () => {
    const run = simulate(scripted([{ kind: 'grow', to: 100 }]), {
      ...exact([0.1, 0.5, 0.6]),
      target: 0.9,
      caps: { images: 10, rounds: 5 },
    });
    expect(run).toMatchObject({ end: 'caps', images: 64, rounds: 1 });
  });

  it('ends after its rounds, and where the curve ends before the cap says how far it would have gone', () => {
    const grow = (): Move[] => Array.from({ length: 20 }, (_, at) => ({ kind: 'grow', to: 65 + at }));
    const facts = exact([0.1, 0.5, 0.6, 0.7]);
    expect(simulate(scripted(grow()), { ...facts, target: 0.9 })).toMatchObject({ end: 'caps', rounds: 12 });
    const beyond = scripted([{ kind: 'grow', to: 500 }]);
    const run = simulate(beyond, { ...facts, target: 0.9, caps: { images: 1000, rounds: 5 } });
    expect(run).toMatchObject({ end: 'curve', wanted: 500, images: 64, rounds: 1 });
    expect(beyond.seen[0]?.[1]).toEqual({ target: 0.9, cap: 1000, rounds: 5, start: 64, evaluationImages: 500 });
  });

  it('trains on no parts that the curve does not know', () => {
    const curve = curveOf({ id: 'late', dataset: 'late', start: 64 }, [
      { images: 60, metric: 0.5 },
      { images: 600, metric: 0.9 },
    ]);
    const run = simulate(scripted([], true), { curve, target: 0.8, evaluation: independentEvaluation(100, 1) });
    expect(run).toMatchObject({ cost: 128, history: [{ images: 64 }] });
  });
});

describe('the rules of thumb', () => {
  it('give up after as many rounds in a row without the margin as they have patience', () => {
    const facts = { ...exact([0.1, 0.5, 0.505, 0.507, 0.509, 0.511]), target: 0.9 };
    expect(simulate(policy('a1'), facts)).toMatchObject({ end: 'give-up', images: 128, rounds: 2 });
    // The best so far creeps along, so that small gains never add up.
    expect(simulate(policy('a3'), facts)).toMatchObject({ end: 'give-up', images: 256, rounds: 4 });
    expect(simulate(policy('b2'), facts)).toMatchObject({ end: 'give-up', images: 256, rounds: 3 });
  });

  it('claim before they look at patience', () => {
    const facts = exact([0.1, 0.5, 0.505]);
    expect(simulate(policy('a1'), { ...facts, target: 0.505 })).toMatchObject({ end: 'claim', images: 128 });
  });
});

describe('looking through an evaluation set', () => {
  it('is right on average, with the error of the set’s size', () => {
    const looks = Array.from({ length: 400 }, (_, seed) =>
      independentEvaluation(100, seedOf(`look ${seed}`)).look(0.8, 1),
    );
    const mean = looks.reduce((sum, look) => sum + look, 0) / looks.length;
    const variance = looks.reduce((sum, look) => sum + (look - mean) ** 2, 0) / looks.length;
    expect(mean).toBeCloseTo(0.8, 1.9);
    expect(Math.sqrt(variance)).toBeGreaterThan(0.03);
    expect(Math.sqrt(variance)).toBeLessThan(0.05);
  });

  it('differs from look to look on new images, and not on a frozen set', () => {
    const fresh = independentEvaluation(1000, 7);
    expect(new Set(Array.from({ length: 10 }, () => fresh.look(0.7, 1))).size).toBeGreaterThan(1);
    const frozen = frozenEvaluation(1000, 7);
    expect(new Set(Array.from({ length: 10 }, () => frozen.look(0.7, 1))).size).toBe(1);
    expect(frozen.look(0.75, 1)).toBeGreaterThan(frozen.look(0.7, 1));
  });

  it('gives the same runs for the same seeds, whatever ran before', () => {
    const measuring = { evaluationImages: 200, seeds: 3, looks: 'independent' } as const;
    const once = runCurve(policy('a3'), syntheticCurve(), measuring);
    runCurve(policy('b3'), syntheticCurve('other'), measuring);
    expect(runCurve(policy('a3'), syntheticCurve(), measuring)).toEqual(once);
    expect(once).toHaveLength(4 * 3);
  });
});
