import { type ImageMatches, matchTable, meanAveragePrecision } from '../loop/detection-metric.ts';
import { randomNumbers } from '../loop/random.ts';
import type { ResampledNoise, ResampledPoint } from '../loop/round.ts';
import { Z95 } from './binomial.ts';
import { ENOUGH_PREDICTED } from './noise.ts';

/** Draws of the evaluation images: the 2.5 % quantile then rests on 25 of them. */
export const RESAMPLES = 1000;
/** Very large evaluation sets are drawn fewer times, so that a step stays within seconds. */
const FEWEST_RESAMPLES = 200;
const MOST_VISITS = 300_000_000;
/** Two-sided 95 %. */
const TAIL = 0.025;

/** A detector's metric on many draws of the evaluation images. Rounds of one seed and set share the draws: they can be paired. */
export interface Resampling {
  seed: number;
  /** The metric on each draw, 0–1; not made of the images that were not predicted. */
  values: readonly number[];
  /** One sign an image, in the evaluation set's order: `1` predicted, `-` not. */
  predicted: string;
}

/**
 * Measures a detector on draws, with replacement, of as many images as there are (bootstrap, Efron 1979): the mean average
 * precision of each draw. Images are matched once; a draw only weighs them. The same input gives the same values.
 * @param images what matching left of each evaluation image; null where it was not predicted
 */
export function resample(images: readonly (ImageMatches | null)[], seed: number): Resampling {
  const matches = images.map((image) => image ?? { found: [], trueBoxes: new Map() });
  const table = matchTable(matches);
  const visits = matches.reduce((sum, { found, trueBoxes }) => sum + found.length + trueBoxes.size + 1, 0);
  const resamples = Math.max(FEWEST_RESAMPLES, Math.min(RESAMPLES, Math.floor(MOST_VISITS / Math.max(1, visits))));
  const random = randomNumbers(seed);
  const values = Array.from({ length: resamples }, () => meanAveragePrecision(table, drawn(images.length, random)));
  return { seed, values, predicted: images.map((image) => (image === null ? '-' : '1')).join('') };
}

/** How often each of so many images is in one draw of as many. */
function drawn(size: number, random: () => number): Uint16Array {
  const counts = new Uint16Array(size);
  for (let i = 0; i < size; i += 1) {
    const at = Math.floor(random() * size);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/**
 * What a decision needs of a point's resampling: its interval (percentiles, wide enough to hold the metric that the service
 * measured), and its noise against the earlier points.
 * @throws RangeError when two rounds were predicted on sets of different size.
 */
export function summarize(
  point: { metric: number; resampling: Resampling },
  earlier: readonly { round: number; resampling: Resampling | null }[],
): ResampledPoint {
  const { metric, resampling } = point;
  const [low, high] = [quantile(resampling.values, TAIL), quantile(resampling.values, 1 - TAIL)];
  return {
    resamples: resampling.values.length,
    seed: resampling.seed,
    interval: [Math.min(low, metric), Math.max(high, metric)],
    against: earlier.flatMap(({ round, resampling: other }) =>
      other === null ? [] : [{ round, ...noiseOf(other, resampling) }],
    ),
  };
}

/** Half the width of the 95 % interval of the difference on the same draws; of independent draws where too few images are in both. */
function noiseOf(one: Resampling, other: Resampling): Omit<ResampledNoise, 'round'> {
  const predicted = shareOfBoth(one.predicted, other.predicted);
  if (predicted < ENOUGH_PREDICTED || one.seed !== other.seed) {
    return { kind: 'two-sample', value: Z95 * Math.sqrt(variance(one.values) + variance(other.values)), predicted };
  }
  // Draws come in one order, so where one round has fewer, those are the other's first.
  const differences = one.values.slice(0, other.values.length).map((value, at) => (other.values[at] ?? 0) - value);
  return { kind: 'paired', value: (quantile(differences, 1 - TAIL) - quantile(differences, TAIL)) / 2, predicted };
}

function shareOfBoth(one: string, other: string): number {
  if (one.length !== other.length)
    throw new RangeError(
      `rounds were predicted on ${one.length} and ${other.length} evaluation images; rounds can only be compared on one frozen set`,
    );
  let both = 0;
  for (let i = 0; i < one.length; i += 1) both += one[i] === '1' && other[i] === '1' ? 1 : 0;
  return both / Math.max(1, one.length);
}

/** The value below which the share `q` of the values lies, interpolated between neighbours. */
function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0];
  return low + (high - low) * (at - Math.floor(at));
}

function variance(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
