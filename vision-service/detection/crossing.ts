import { hashedNumber } from '../training/random.ts';

/** Fold of each picture: groups stay whole, and folds get about equally many objects. Equal requests give equal folds. */
export function pictureFolds(
  pictures: readonly { group: string; truths: readonly unknown[] }[],
  { folds, seed }: { folds: number; seed: number },
): number[] {
  const sizes = new Map<string, number>();
  for (const { group, truths } of pictures) sizes.set(group, (sizes.get(group) ?? 0) + truths.length + 1);
  const order = [...sizes].sort(
    ([a, sizeA], [b, sizeB]) => sizeB - sizeA || hashedNumber(seed, a) - hashedNumber(seed, b),
  );
  const loads = Array.from({ length: folds }, () => 0);
  const foldOf = new Map<string, number>();
  for (const [group, size] of order) {
    const fold = loads.indexOf(Math.min(...loads));
    loads[fold] = (loads[fold] ?? 0) + size;
    foldOf.set(group, fold);
  }
  return pictures.map(({ group }) => foldOf.get(group) ?? 0);
}

const FOLDS_OF_FEW = 4;
const FOLDS = 3;
const FOLDS_OF_MANY = 2;
const FEW = 12;
const MANY = 40;

/** How many folds pictures of so many groups are dealt into; below 2 nothing can be held out. */
export function foldCount(groups: number): number {
  const folds = groups < FEW ? FOLDS_OF_FEW : groups < MANY ? FOLDS : FOLDS_OF_MANY;
  return Math.min(folds, groups);
}
