import type { Curve } from './curve.ts';
import { frozenEvaluation, independentEvaluation, seedOf } from './evaluation.ts';
import { type RunScore, scoreRun } from './scores.ts';
import { simulate } from './simulate.ts';
import type { Strategy } from './strategy.ts';
import { targetsOf } from './targets.ts';

/** How runs are measured. */
export interface Measuring {
  /** Size of the evaluation set. */
  evaluationImages: number;
  /** Runs of each curve and target, each with a luck of its own. */
  seeds: number;
  /** One frozen evaluation set for all rounds of a run, or new images at every look. */
  looks: 'shared' | 'independent';
}

/** Every run of a strategy on one curve: each target with each seed. All strategies meet the same luck. */
export function runCurve(strategy: Strategy, curve: Curve, { evaluationImages, seeds, looks }: Measuring): RunScore[] {
  const evaluationOf = looks === 'shared' ? frozenEvaluation : independentEvaluation;
  return targetsOf(curve).flatMap((target) =>
    Array.from({ length: seeds }, (_, seed) => {
      const evaluation = evaluationOf(evaluationImages, seedOf(`${seed} ${target.kind} ${curve.id}`));
      return scoreRun(curve, target, simulate(strategy, { curve, target: target.value, evaluation }));
    }),
  );
}
