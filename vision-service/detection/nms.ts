import { type Box, overlap } from './boxes.ts';

/**
 * Non-maximum suppression: the surest boxes first, each only if it overlaps no surer one that was taken by more than `limit`.
 * Boxes that are equally sure keep their order.
 *
 * @returns at most `most` of the given ones
 */
export function suppress<T extends { box: Box; score: number }>(
  found: readonly T[],
  { limit, most }: { limit: number; most: number },
): T[] {
  const kept: T[] = [];
  for (const candidate of found.toSorted((a, b) => b.score - a.score)) {
    if (kept.length >= most) break;
    if (kept.every((other) => overlap(other.box, candidate.box) <= limit)) kept.push(candidate);
  }
  return kept;
}
