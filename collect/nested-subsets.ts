import { countPerClass } from '../data/set-checks.ts';
import type { ClassCounts, StoredImage } from '../loop/round.ts';
import { SHARES, type Share } from '../loop/training-set.ts';
import { drawGreedily } from './greedy-draw.ts';
import { drawOrder } from './pool-draw.ts';

/** A nested part of a first round's images. */
export interface NestedSubset {
  share: Share;
  /** In the order of the whole. */
  images: StoredImage[];
}

/**
 * Nested parts of images, ¼ ⊂ ½ ⊂ the whole: each takes, in the fixed order of a draw, so many images that every class keeps its
 * share of the images that show it, rounded down. Where images show several classes, a part may be larger than its share.
 * @returns none when a class would be missing from a part, or when a part would be no smaller than the next.
 */
export async function nestedSubsets(images: readonly StoredImage[], seed: number): Promise<NestedSubset[]> {
  const counts = countPerClass(images, []);
  if (Object.values(partOf(counts, SHARES[0])).includes(0)) return [];
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
