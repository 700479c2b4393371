import type { CurvePoint, DecisionSettings } from '../loop/round.ts';
import { type Noise, noiseBetween } from './noise.ts';

/** Metrics are quotients: differences below this are rounding, e.g. 0.57 − 0.56 < 0.01. */
const ROUNDING = 1e-9;

/** Whether `value` reaches `bound`, forgiving what floating point loses. */
export function reaches(value: number, bound: number): boolean {
  return value >= bound - ROUNDING;
}

/** A round against the round it is compared with. All values 0–1. */
export interface Comparison {
  reference: CurvePoint;
  point: CurvePoint;
  gain: number;
  /** Null when the hold-out metric is used: it is not comparable between rounds, so no noise can be known. */
  noise: Noise | null;
  /** M = max(margin, noise). */
  threshold: number;
  /** The gain reaches M, and is a gain. */
  real: boolean;
}

/**
 * Compares a round with its reference: g ≥ M = max(margin, noise); a gain of nothing is never real, whatever the margin. Without an
 * evaluation set the margin stands alone and nothing is paired.
 * @throws RangeError when verdicts do not fit the evaluation set.
 */
export function compare(
  reference: CurvePoint,
  point: CurvePoint,
  settings: Pick<DecisionSettings, 'margin' | 'evaluationImages'>,
): Comparison {
  const noise = settings.evaluationImages === null ? null : noiseBetween(reference, point, settings.evaluationImages);
  const threshold = Math.max(settings.margin, noise?.value ?? 0);
  const gain = point.metric - reference.metric;
  return { reference, point, gain, noise, threshold, real: gain > ROUNDING && reaches(gain, threshold) };
}
