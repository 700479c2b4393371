import type { CurvePoint } from '../loop/round.ts';
import { FEWEST_CHANGES, smallestRealNetChange, twoSampleNoise, Z95 } from './binomial.ts';

/** A paired comparison needs at least this share of the evaluation set predicted in both rounds. */
export const ENOUGH_PREDICTED = 0.95;

/** What chance alone explains in the difference of two rounds. */
export interface Noise {
  /**
   * `paired`: exact test on the changed verdicts; `paired bootstrap`: both metrics on the same draws of images; `bootstrap`: the
   * same with independent draws; `two-sample`: from the set's size alone.
   */
  kind: 'paired' | 'paired bootstrap' | 'bootstrap' | 'two-sample';
  /** The smallest gain that chance does not explain, 0–1. */
  value: number;
  /** Paired: verdicts that changed, either way; null otherwise. */
  changed: number | null;
  /** Share of the evaluation set predicted in both rounds, 0–1; null when a round has no verdicts at all. */
  predicted: number | null;
  /** Evaluation images that would bring this noise down to a gain of `margin`; infinite for a margin of 0. */
  enoughFor(margin: number): number;
}

interface Changes {
  /** Images predicted in both rounds. */
  both: number;
  changed: number;
}

function countChanges(one: string, other: string): Changes {
  const counts: Changes = { both: 0, changed: 0 };
  for (let index = 0; index < one.length; index += 1) {
    if (one[index] === '-' || other[index] === '-') continue;
    counts.both += 1;
    if (one[index] !== other[index]) counts.changed += 1;
  }
  return counts;
}

/**
 * Images that a paired test needs to see `margin` when `rate` of the verdicts change: solves margin·m = 1.96·√(rate·m) + 2, the normal
 * form of the exact test with its steps of one image and its parity.
 */
export function enoughPaired(rate: number, margin: number): number {
  const slope = Z95 * Math.sqrt(rate);
  const root = (slope + Math.sqrt(slope * slope + 8 * margin)) / (2 * margin);
  return Math.ceil(Math.max(root * root, FEWEST_CHANGES / margin));
}

/**
 * The smallest gain, 0–1, that a paired test on `size` images sees when `rate` of the verdicts change: the inverse of `enoughPaired`.
 * Above 1 where the set is too small to see any.
 */
export function pairedGain(rate: number, size: number): number {
  return Math.max(Z95 * Math.sqrt(rate * size) + 2, FEWEST_CHANGES) / size;
}

/** Images that a two-sample comparison of the proportions `p` and `q` (0–1) needs to see `margin`. */
export function enoughTwoSample(p: number, q: number, margin: number): number {
  return Math.ceil((Z95 * Z95 * (p * (1 - p) + q * (1 - q))) / (margin * margin));
}

/**
 * Paired noise. With fewer than six changed verdicts no net change is real; the noise is then six images' worth, the least that could
 * ever be real, so that the number does not promise more than the test. The divisor is what was predicted in both rounds.
 */
function pairedNoise({ both, changed }: Changes, size: number): Noise {
  const net = smallestRealNetChange(changed) ?? FEWEST_CHANGES;
  const rate = Math.max(changed, FEWEST_CHANGES) / both;
  return {
    kind: 'paired',
    value: net / both,
    changed,
    predicted: both / size,
    enoughFor: (margin) => enoughPaired(rate, margin),
  };
}

function unpairedNoise(one: CurvePoint, other: CurvePoint, shape: { size: number; predicted: number | null }): Noise {
  return {
    kind: 'two-sample',
    value: twoSampleNoise(one.metric, other.metric, shape.size),
    changed: null,
    predicted: shape.predicted,
    enoughFor: (margin) => enoughTwoSample(one.metric, other.metric, margin),
  };
}

/** Noise by bootstrap falls with the square root of the number of images. */
export function enoughResampled(noise: number, size: number, margin: number): number {
  return Math.ceil(size * (noise / margin) ** 2);
}

/** What the bootstrap of the later point recorded against the earlier one; undefined when one of them was not predicted. */
function resampledNoise(one: CurvePoint, other: CurvePoint, size: number): Noise | undefined {
  const [earlier, later] = one.round < other.round ? [one, other] : [other, one];
  const found = later.resampled?.against.find(({ round }) => round === earlier.round);
  if (found === undefined) return undefined;
  return {
    kind: found.kind === 'paired' ? 'paired bootstrap' : 'bootstrap',
    value: found.value,
    changed: null,
    predicted: found.predicted,
    enoughFor: (margin) => enoughResampled(found.value, size, margin),
  };
}

/**
 * Noise of the difference between two rounds on one evaluation set of `size` images: the exact paired test, or the recorded
 * bootstrap of a metric that is not made of verdicts, where at least 95 % of the set was predicted in both rounds; otherwise the
 * two-sample error, which for such a metric only stands in. Symmetric in the rounds.
 * @throws RangeError when verdicts do not cover the evaluation set, image for image: they are then not comparable at all.
 */
export function noiseBetween(one: CurvePoint, other: CurvePoint, size: number): Noise {
  const resampled = resampledNoise(one, other, size);
  if (resampled !== undefined) return resampled;
  if (one.verdicts === null || other.verdicts === null) return unpairedNoise(one, other, { size, predicted: null });
  for (const point of [one, other]) {
    const length = point.verdicts?.length;
    if (length !== size)
      throw new RangeError(
        `round ${point.round} has ${length} verdicts for an evaluation set of ${size} images; ` +
          'rounds can only be compared on one frozen set: restore the verdicts file of that round from a copy',
      );
  }
  const changes = countChanges(one.verdicts, other.verdicts);
  if (changes.both < ENOUGH_PREDICTED * size || changes.both === 0)
    return unpairedNoise(one, other, { size, predicted: changes.both / size });
  return pairedNoise(changes, size);
}
