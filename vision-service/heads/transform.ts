import { addScaled, meanOf, normalise, type Vector } from './vectors.ts';

/** How a head sees features: (square root) → unit length → minus the mean → unit length. */
export interface Transform {
  squareRoot: boolean;
  /** Mean of the training features after the first two steps. */
  mean: Float64Array;
}

/**
 * Whether features get a square root first: only if none of them is negative, as after a ReLU or in a histogram. It evens out
 * a few large channels; on features of both signs it is left out.
 */
export function allowsSquareRoot(features: readonly Vector[]): boolean {
  return features.every((feature) => feature.every((value) => value >= 0 || Number.isNaN(value)));
}

/** The steps that need no training data: (square root) → unit length. Values that are no finite numbers count as 0. */
export function unitFeatures(feature: Vector, squareRoot: boolean): Float64Array {
  const values = new Float64Array(feature.length);
  for (let i = 0; i < values.length; i += 1) {
    const value = feature[i] ?? 0;
    if (Number.isFinite(value)) values[i] = squareRoot ? Math.sqrt(Math.max(value, 0)) : value;
  }
  normalise(values);
  return values;
}

/** The steps that use the training data's mean: minus the mean → unit length. */
export function centred(unit: Vector, mean: Vector): Float64Array {
  const values = Float64Array.from(unit);
  addScaled(values, -1, mean);
  normalise(values);
  return values;
}

/** The mean that `centred` wants, of unit features. */
export function centreOf(units: readonly Vector[]): Float64Array {
  return meanOf(units, units[0]?.length ?? 0);
}

/** All steps, on one feature vector. */
export function applyTransform(transform: Transform, feature: Vector): Float64Array {
  return centred(unitFeatures(feature, transform.squareRoot), transform.mean);
}
