import { type Box, insidePicture } from './boxes.ts';
import type { DetectionKernels, PlaceRows } from './kernels.ts';
import { suppress } from './nms.ts';
import type { PlaceHead } from './place-head.ts';
import { type Frame, middleOf, PLACES, placesInside } from './places.ts';

/** A place where an object may be. */
export interface Proposal {
  box: Box;
  /** How sure it is that something is there, 0–1. */
  score: number;
  /** Probability of each class, given that something is there. */
  classes: Float32Array;
}

/** Of two boxes that overlap by more than this, the surer one stays. */
export const PROPOSAL_OVERLAP = 0.5;
/** Sides beyond the square say nothing more. */
const LONGEST = Math.log(PLACES);

/** The objects that a head sees in a picture, surest first, at most `most`, each at least `least` sure. */
export async function propose(
  picture: { rows: PlaceRows; frame: Frame },
  { head, kernels, most, least }: { head: PlaceHead; kernels: DetectionKernels; most: number; least: number },
): Promise<Proposal[]> {
  const { object, classes, sides } = await kernels.outputs(picture.rows, head);
  const found = placesInside(picture.frame).flatMap((place): Proposal[] => {
    const score = object[place] ?? 0;
    // A score that is no number is not above anything.
    if (!(score >= least)) return [];
    const box = boxAt(place, sides.subarray(place * 4, place * 4 + 4), picture.frame);
    return [{ box, score, classes: classes.slice(place * head.size.classes, (place + 1) * head.size.classes) }];
  });
  return suppress(found, { limit: PROPOSAL_OVERLAP, most });
}

function boxAt(place: number, sides: Float32Array, { wide, high }: Frame): Box {
  const { x, y } = middleOf(place);
  const [left = 0, top = 0, right = 0, bottom = 0] = Array.from(sides, (log) => Math.exp(Math.min(log, LONGEST)));
  return insidePicture({
    left: (x - left) / wide,
    top: (y - top) / high,
    width: (left + right) / wide,
    height: (top + bottom) / high,
  });
}
