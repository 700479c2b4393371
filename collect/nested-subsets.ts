import { countPerClass } from '../data/set-checks.ts';
import type { ClassCounts, StoredImage } from '../loop/round.ts';
import { drawGreedily } from './greedy-draw.ts';
import { drawOrder } from './pool-draw.ts';

/** The parts of a first round that are trained too, smallest first, 0–1. */
export const SHARES = [0.25, 0.5] as const;
export type Share = (typeof SHARES)[number];

/** A nested part of a first round's images. */
export interface NestedSubset {
  share: Share;
  /** In the order of the whole. */
  images: StoredImage[];
}

/**
 * Nested parts of images, ¼ ⊂ ½ ⊂ the whole: each takes, in the fixed order of a draw, so many images that every class keeps its
 * share of the images that show it, rounded down. Where images show several classes, a part may be larger than its share.
 * @param least images that every class must keep in the smallest part
 * @returns none when a class would keep fewer, or when a part would be no smaller than the next.
 */
export async function nestedSubsets(
  images: readonly StoredImage[],
  { least, seed }: { least: number; seed: number },
): Promise<NestedSubset[]> {
  const counts = countPerClass(images, []);
  const [smallest] = SHARES;
  if (Object.values(counts).some((count) => Math.floor(count * smallest) < least)) return [];
  const parts: NestedSubset[] = [];
  let rest = drawOrder(images, seed);
  // From the largest down, each drawn from the one before: so they are nested.
  for (const share of SHARES.toReversed()) {
    const part = await drawPart(rest, partOf(counts, share));
    if (part.size === rest.length) return [];
    parts.unshift({ share, images: images.filter((image) => part.has(image)) });
    rest = [...part];
  }
  return parts;
}

function partOf(counts: ClassCounts, share: Share): ClassCounts {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, Math.floor(count * share)]));
}

async function drawPart(images: readonly StoredImage[], need: ClassCounts): Promise<Set<StoredImage>> {
  const part = new Set<StoredImage>();
  const take = async (image: StoredImage) => part.add(image).size > 0;
  await drawGreedily({ images, need, room: images.length, take });
  return part;
}
