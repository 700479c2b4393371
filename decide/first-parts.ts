import type { ClassCounts } from '../loop/round.ts';
import { SHARES } from '../loop/training-set.ts';
import { plural } from './format.ts';

/** A class of one image teaches nothing about others of it. */
const LEAST = 2;

/** What decides, beside the images, whether parts of a first round are trained. */
interface Conditions {
  /** There is an evaluation set to measure them on. */
  evaluated: boolean;
  /** Images of a class that the service trains on at least. */
  minimum: number;
}

/** The parts of a first round that will be trained, smallest first; none, with the reason, where they are left out. */
export interface FirstParts {
  /** Images of each part, all classes together. */
  parts: { share: number; images: number }[];
  /** Why there are none: a sentence; null when there are some. */
  skipped: string | null;
}

/**
 * Why no parts of a first round are trained under the forecast, in a sentence; null where they give it points that cost no images:
 * every class must keep the service's minimum, and two, in the quarter. Rules of the loop, "Size of δ".
 * @param perClass images of the first round
 */
export function whyNoParts(perClass: ClassCounts, { evaluated, minimum }: Conditions): string | null {
  if (!evaluated)
    return 'No parts of round 1 are trained for the forecast: without an evaluation set their hold-out metrics could not be compared.';
  const least = Math.max(LEAST, minimum);
  const needed = Math.ceil(least / SHARES[0]);
  const smallest = Math.min(...Object.values(perClass));
  if (smallest >= needed) return null;
  return (
    `No parts of round 1 are trained for the forecast: a quarter of it must keep ${plural(least, 'image')} of every class, which takes ` +
    `${plural(needed, 'image')} per class, and its smallest class has ${smallest}. The curve is extrapolated from the third round with ` +
    'a metric on.'
  );
}

/** The parts of a first round that is still to be collected. An image is taken to show one class. */
export function firstParts(
  need: ClassCounts,
  { forecast, ...conditions }: Conditions & { forecast: boolean },
): FirstParts {
  const skipped = forecast
    ? whyNoParts(need, conditions)
    : 'Parts of round 1 are trained for the forecast only, and the policy is thresholds.';
  if (skipped !== null) return { parts: [], skipped };
  const counts = Object.values(need);
  const images = (share: number) => counts.reduce((sum, count) => sum + Math.floor(count * share), 0);
  return { parts: SHARES.map((share) => ({ share, images: images(share) })), skipped: null };
}
