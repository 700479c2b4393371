import type { PlaceHead } from './place-head.ts';
import type { PlaceSamples } from './place-samples.ts';

/** How features are brought to mean 0 and deviation 1. */
export interface Scaling {
  mean: Float32Array;
  /** One divided by the deviation; 0 for a feature that never changes. */
  factor: Float32Array;
}

/** Scales the rows in place and tells how. */
export function scaleRows({ rows, features }: PlaceSamples): Scaling {
  const count = rows.length / features;
  const [sum, squares] = [new Float64Array(features), new Float64Array(features)];
  for (let i = 0; i < rows.length; i += 1) {
    const value = rows[i] ?? 0;
    const feature = i % features;
    sum[feature] = (sum[feature] ?? 0) + value;
    squares[feature] = (squares[feature] ?? 0) + value * value;
  }
  const mean = Float32Array.from(sum, (total) => total / count);
  const factor = Float32Array.from(squares, (total, i) => {
    const variance = total / count - (mean[i] ?? 0) ** 2;
    return variance > 1e-10 ? 1 / Math.sqrt(variance) : 0;
  });
  for (let i = 0; i < rows.length; i += 1) {
    const f = i % features;
    rows[i] = ((rows[i] ?? 0) - (mean[f] ?? 0)) * (factor[f] ?? 0);
  }
  return { mean, factor };
}

/** The same head for features that were not scaled. */
export function unscaled({ size, numbers }: PlaceHead, { mean, factor }: Scaling): PlaceHead {
  const wHidden = numbers.wHidden.slice();
  const bHidden = numbers.bHidden.slice();
  for (let f = 0; f < size.features; f += 1) {
    for (let h = 0; h < size.hidden; h += 1) {
      const weight = (wHidden[f * size.hidden + h] ?? 0) * (factor[f] ?? 0);
      wHidden[f * size.hidden + h] = weight;
      bHidden[h] = (bHidden[h] ?? 0) - weight * (mean[f] ?? 0);
    }
  }
  return { size, numbers: { ...numbers, wHidden, bHidden } };
}
