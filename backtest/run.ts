import type { Curve } from './curve.ts';
import { type Evaluation, frozenEvaluation, independentEvaluation, seedOf } from './evaluation.ts';
import { type RunScore, scoreRun } from './scores.ts';
import { simulate } from './simulate.ts';
import type { Strategy } from './strategy.ts';
import { type Target, targetsOf } from './targets.ts';

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
export function runCurve(strategy: Strategy, curve: Curve, measuring: Measuring): RunScore[] {
  return targetsOf(curve).flatMap((target) =>
    evaluationsOf(curve, target, measuring).map((evaluation) =>
      scoreRun(curve, target, simulate(strategy, { curve, target: target.value, evaluation })),
    ),
  );
}

/** The luck of a target, once for each seed: whoever looks meets the same. */
export function evaluationsOf(
  curve: Curve,
  { kind }: Target,
  { evaluationImages, seeds, looks }: Measuring,
): Evaluation[] {
  const evaluationOf = looks === 'shared' ? frozenEvaluation : independentEvaluation;
  return Array.from({ length: seeds }, (_, seed) =>
    evaluationOf(evaluationImages, seedOf(`${seed} ${kind} ${curve.id}`)),
  );
}
