import { NEVER } from './discriminant.ts';
import type { LinearHead } from './linear-head.ts';
import { eachRow } from './rows.ts';
import { classMeans, type Samples } from './samples.ts';
import { normalise } from './vectors.ts';

/** A class scores the cosine to the mean of its samples; so close to one that a temperature of this size spreads it. */
export const PROTOTYPE_TEMPERATURE = 0.1;

/** Cosine prototypes: one pass over the samples, and no number to choose. Rows must have unit length. */
export function fitPrototypes(samples: Samples): LinearHead {
  const { means, counts } = classMeans(samples);
  const weights = eachRow(means).map((mean) => {
    const row = Float64Array.from(mean);
    normalise(row);
    return row;
  });
  return { weights, biases: Float64Array.from(counts, (count) => (count === 0 ? NEVER : 0)) };
}
