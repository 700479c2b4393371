import { type Rows, rowAt } from './rows.ts';
import { addScaled, normalise, type Vector } from './vectors.ts';

/** How a head sees features: root → unit length → minus the mean → unit length. */
export interface Transform {
  /** Whether features are replaced by their cube roots first. */
  cubeRoot: boolean;
  /** Mean of the training features after the first two steps. */
  mean: Float64Array;
}

/**
 * Whether features get a root first: only if none of them is negative, as after a ReLU or in a histogram. It evens out a few
 * large channels; on features of both signs it is left out. The cube root did better than the square root at 2–10 images a class
 * of digits, and alike on clothes and drawings and with more images (`npm run bench -- --only few-shot` has the sets).
 */
export function allowsRoot(features: readonly Vector[]): boolean {
  return features.every((feature) => feature.every((value) => value >= 0 || Number.isNaN(value)));
}

/** The steps that need no training data: (cube root) → unit length. Values that are no finite numbers count as 0. */
function unitFeatures(feature: Vector, cubeRoot: boolean): Float64Array {
  const values = new Float64Array(feature.length);
  for (let i = 0; i < values.length; i += 1) {
    const value = feature[i] ?? 0;
    if (Number.isFinite(value)) values[i] = cubeRoot ? Math.cbrt(Math.max(value, 0)) : value;
  }
  normalise(values);
  return values;
}

/** `unitFeatures` of many. */
export function unitRows(features: readonly Vector[], cubeRoot: boolean): Rows {
  const length = features[0]?.length ?? 0;
  const data = new Float32Array(features.length * length);
  for (const [i, feature] of features.entries()) data.set(unitFeatures(feature, cubeRoot), i * length);
  return { data, count: features.length, length };
}

/** The steps that use the training data's mean: minus the mean → unit length. */
function centred(unit: Vector, mean: Vector): Float64Array {
  const values = Float64Array.from(unit);
  addScaled(values, -1, mean);
  normalise(values);
  return values;
}

/** `centred` of the rows at those positions. */
export function centredRows(rows: Rows, positions: readonly number[], mean: Float64Array): Rows {
  const data = new Float32Array(positions.length * rows.length);
  for (const [i, position] of positions.entries()) data.set(centred(rowAt(rows, position), mean), i * rows.length);
  return { data, count: positions.length, length: rows.length };
}

/** All steps, on one feature vector. */
export function applyTransform(transform: Transform, feature: Vector): Float64Array {
  return centred(unitFeatures(feature, transform.cubeRoot), transform.mean);
}
