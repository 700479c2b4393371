import { hashedNumber } from './random.ts';

export interface FoldRequest {
  /** Class of each image. */
  labels: readonly number[];
  /** Images of one group (same object, scene, person) stay together; each image is its own group if not given. */
  groups?: readonly string[] | undefined;
  folds: number;
  seed: number;
}

interface Group {
  members: number[];
  label: number;
  order: number;
}

/**
 * Deals images into folds, each class evenly, groups kept whole.
 *
 * @returns the fold of each image; −1 for an image that must never be held out, because its class would be left without any
 */
export function assignFolds(request: FoldRequest): number[] {
  const loads = new Map<number, number[]>();
  const folds = request.labels.map(() => -1);
  for (const group of orderedGroups(request)) {
    const load = loads.get(group.label) ?? Array.from({ length: request.folds }, () => 0);
    loads.set(group.label, load);
    const fold = lightest(load, group.label);
    load[fold] = (load[fold] ?? 0) + group.members.length;
    for (const member of group.members) folds[member] = fold;
  }
  return keepLonelyClasses(request.labels, folds);
}

/** Groups from large to small, in an order that depends on the seed among those of one size. */
function orderedGroups({ labels, groups, seed }: FoldRequest): Group[] {
  const byKey = new Map<string, Group>();
  for (const [i, label] of labels.entries()) {
    const key = groups?.[i] ?? `image ${i}`;
    const group = byKey.get(key) ?? { members: [], label, order: hashedNumber(seed, key) };
    group.members.push(i);
    byKey.set(key, group);
  }
  return [...byKey.values()].sort((a, b) => b.members.length - a.members.length || a.order - b.order);
}

/** The fold with the fewest images of the class; ties begin at another fold for each class, so that folds are of equal size. */
function lightest(load: readonly number[], label: number): number {
  const order = load.map((_, i) => (i + label) % load.length);
  return order.reduce((best, fold) => ((load[fold] ?? 0) < (load[best] ?? 0) ? fold : best), order[0] ?? 0);
}

function keepLonelyClasses(labels: readonly number[], folds: readonly number[]): number[] {
  const seen = new Map<number, Set<number>>();
  for (const [i, label] of labels.entries()) {
    seen.set(label, (seen.get(label) ?? new Set()).add(folds[i] ?? -1));
  }
  return folds.map((fold, i) => ((seen.get(labels[i] ?? -1)?.size ?? 0) > 1 ? fold : -1));
}
