import { hashedNumber } from '../training/random.ts';

/** Pictures that a training learns from: beyond that its places and crops would not fit into the memory. */
const MOST_PICTURES = 3000;

/**
 * The pictures to learn from, in their order: all, up to 3,000. Of more, half are those that show the rarest classes, and the rest is
 * chance, the same for the same seed.
 */
export function learnable<P extends { truths: readonly { label: number }[]; group: string }>(
  pictures: readonly P[],
  seed: number,
): readonly P[] {
  if (pictures.length <= MOST_PICTURES) return pictures;
  const counts = new Map<number, number>();
  for (const { truths } of pictures) for (const { label } of truths) counts.set(label, (counts.get(label) ?? 0) + 1);
  const drawn = [...pictures.keys()]
    .map((index) => ({ index, order: hashedNumber(seed, index), rarest: rarestOf(pictures[index], counts) }))
    .sort((a, b) => a.order - b.order);
  const rare = drawn.toSorted((a, b) => a.rarest - b.rarest).slice(0, MOST_PICTURES / 2);
  const chosen = new Set(rare.map(({ index }) => index));
  for (const { index } of drawn) if (chosen.size < MOST_PICTURES) chosen.add(index);
  return pictures.filter((_, index) => chosen.has(index));
}

/** Objects of the rarest class on a picture. */
function rarestOf(picture: { truths: readonly { label: number }[] } | undefined, counts: ReadonlyMap<number, number>) {
  return Math.min(...(picture?.truths ?? []).map(({ label }) => counts.get(label) ?? 0));
}
