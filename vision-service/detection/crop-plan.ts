import { shuffledIndexes } from '../training/random.ts';
import { type Box, insidePicture, largestOverlap, overlap } from './boxes.ts';
import type { Truth } from './place-samples.ts';
import type { Proposal } from './propose.ts';

/** A crop to look at: where, and what it shows. */
export interface PlannedCrop {
  box: Box;
  /** The label after the last class is the background; undefined for what is neither object nor background. */
  label: number | undefined;
  /** The held-out proposal that it is the crop of. */
  proposal?: Proposal;
}

/** A proposal that overlaps an object by that much shows it; one by less than `BACKGROUND` shows none. */
const FOUND = 0.5;
const BACKGROUND = 0.4;
const SHIFT = 0.08;
const STRETCH = 0.12;
const ELSEWHERE = 4;
const ELSEWHERE_OVERLAP = 0.3;
const ELSEWHERE_SIDE = { least: 0.1, most: 0.45 };

/**
 * The crops of one picture that the crop head learns from: its objects, the same a little shifted and stretched, what the place head
 * proposed when it had not seen the picture, and boxes elsewhere.
 *
 * @param jittered shifted and stretched crops of an object
 * @param more crops besides the proposals, which are all there; which of them are left out is chance
 */
export function planCrops(
  { truths, proposals }: { truths: readonly Truth[]; proposals: readonly Proposal[] },
  { classes, jittered, more, random }: { classes: number; jittered: number; more: number; random: () => number },
): PlannedCrop[] {
  const others = [
    ...truths.flatMap(({ box, label }): PlannedCrop[] => [
      { box, label },
      ...Array.from({ length: jittered }, () => ({ box: shifted(box, random), label })),
    ]),
    ...elsewhere(truths, random).map((box) => ({ box, label: classes })),
  ];
  const kept = [...shuffledIndexes(others.length, random).subarray(0, more)].sort((a, b) => a - b);
  return [
    ...proposals.map((proposal) => proposedCrop(proposal, truths, classes)),
    ...kept.flatMap((i) => others[i] ?? []),
  ];
}

function proposedCrop(proposal: Proposal, truths: readonly Truth[], classes: number): PlannedCrop {
  const { box } = proposal;
  const nearest = truths.toSorted((a, b) => overlap(b.box, box) - overlap(a.box, box))[0];
  const shared = nearest === undefined ? 0 : overlap(nearest.box, box);
  if (nearest !== undefined && shared >= FOUND) return { box, label: nearest.label, proposal };
  return { box, label: shared < BACKGROUND ? classes : undefined, proposal };
}

function shifted({ left, top, width, height }: Box, random: () => number): Box {
  const off = (share: number) => (random() * 2 - 1) * share;
  return insidePicture({
    left: left + off(SHIFT) * width,
    top: top + off(SHIFT) * height,
    width: width * (1 + off(STRETCH)),
    height: height * (1 + off(STRETCH)),
  });
}

function elsewhere(truths: readonly Truth[], random: () => number): Box[] {
  const { least, most } = ELSEWHERE_SIDE;
  const boxes = Array.from({ length: ELSEWHERE }, () => {
    const [width, height] = [least + random() * (most - least), least + random() * (most - least)];
    return { left: random() * (1 - width), top: random() * (1 - height), width, height };
  });
  const taken = truths.map(({ box }) => box);
  return boxes.filter((box) => largestOverlap(box, taken) < ELSEWHERE_OVERLAP);
}
