import type { ClassCounts } from '../loop/round.ts';
import { plural } from './format.ts';

/** Parts of the first round's images that are trained too under the forecast, 0–1. */
const SHARES = [0.25, 0.5] as const;
/** A class of one image teaches nothing about others of it. */
const LEAST = 2;

/** The parts of a first round that will be trained, smallest first; none, with the reason, where they are left out. */
export interface FirstParts {
  /** Images of each part, all classes together. */
  parts: { share: number; images: number }[];
  /** Why there are none: a sentence; null when there are some. */
  skipped: string | null;
}

/**
 * Whether parts of the first round give the forecast points without images: every class must keep the service's minimum, and two, in
 * the quarter. Rules of the loop, "Size of δ".
 * @param minimum images of a class that the service trains on at least
 */
export function firstParts(
  need: ClassCounts,
  { forecast, evaluated, minimum }: { forecast: boolean; evaluated: boolean; minimum: number },
): FirstParts {
  if (!forecast) return without('Parts of round 1 are trained for the forecast only, and the policy is thresholds.');
  if (!evaluated)
    return without('No parts of round 1 are trained: without an evaluation set their metrics could not be compared.');
  const counts = Object.values(need);
  const needed = Math.ceil(Math.max(LEAST, minimum) / SHARES[0]);
  const smallest = Math.min(...counts);
  if (smallest < needed)
    return without(
      `No parts of round 1 are trained: a quarter of it must keep ${plural(Math.max(LEAST, minimum), 'image')} of every class, which ` +
        `takes ${plural(needed, 'image')} per class, and it has ${smallest}. The curve is extrapolated from the third round on.`,
    );
  const images = (share: number) => counts.reduce((sum, count) => sum + Math.floor(count * share), 0);
  return { parts: SHARES.map((share) => ({ share, images: images(share) })), skipped: null };
}

function without(skipped: string): FirstParts {
  return { parts: [], skipped };
}
