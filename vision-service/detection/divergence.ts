import { binomialTail } from '../queue/divergence.ts';
import { overlap } from './boxes.ts';
import type { Finding } from './measure.ts';
import type { Truth } from './place-samples.ts';

/** With fewer held-out objects nothing counts as diverged: a weak model is returned with its true metrics. */
const MIN_OBJECTS = 30;
const SIGNIFICANCE = 0.05;
const FOUND = 0.5;
/** Other pictures that each one's findings are compared with. */
const SHIFTS = 10;
/** No chance is taken to be smaller than this share of one object, so that a single hit proves nothing. */
const LEAST_HITS = 0.1;

/**
 * Whether a detector learnt nothing: at least 30 objects were held out, and what it found there fits its own picture no better than
 * it fits other pictures. Of each picture as many findings count as it has objects, the surest; an object is hit by one of its class
 * that overlaps it by half. The hits are compared with those on other held-out pictures by the one-sided binomial test at 5 %.
 */
export function hasLearntNothing({
  found,
  truths,
}: {
  found: readonly (readonly Finding[])[];
  truths: readonly (readonly Truth[])[];
}): boolean {
  const objects = truths.reduce((sum, own) => sum + own.length, 0);
  if (objects < MIN_OBJECTS) return false;
  const surest = found.map((own, i) => own.slice(0, truths[i]?.length ?? 0));
  const shifts = Math.min(SHIFTS, found.length - 1);
  const chance = Array.from({ length: shifts }, (_, i) => hitsOf(surest, truths, i + 1));
  const expected = chance.reduce((sum, hits) => sum + hits, 0) / Math.max(shifts, 1);
  const share = Math.max(expected, LEAST_HITS) / objects;
  return binomialTail(hitsOf(surest, truths, 0), objects, share) >= SIGNIFICANCE;
}

/** Objects that are hit by the findings of the picture `shift` places further on. */
function hitsOf(found: readonly (readonly Finding[])[], truths: readonly (readonly Truth[])[], shift: number): number {
  return truths.reduce((sum, own, i) => {
    const others = found[(i + shift) % found.length] ?? [];
    const hit = own.filter((truth) =>
      others.some(({ box, label }) => label === truth.label && overlap(box, truth.box) >= FOUND),
    );
    return sum + hit.length;
  }, 0);
}
