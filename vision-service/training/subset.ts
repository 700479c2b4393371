import { hashedNumber } from './random.ts';

export interface SubsetRequest {
  /** Class of each image. */
  labels: readonly number[];
  /** Images of one group are taken together. */
  groups?: readonly string[] | undefined;
  /** Images wanted. */
  limit: number;
  seed: number;
}

/**
 * Positions of about `limit` images, ascending: classes by turns, so that each has a like number as far as it has images, groups
 * whole, in an order that depends on the seed. All of them when there are no more than that.
 */
export function stratifiedSubset({ labels, groups, limit, seed }: SubsetRequest): number[] {
  if (labels.length <= limit) return [...labels.keys()];
  const byClass = new Map<number, { members: number[]; order: number }[]>();
  for (const group of groupsOf(labels, groups)) {
    const [first = 0] = group;
    const label = labels[first] ?? -1;
    const own = byClass.get(label) ?? [];
    byClass.set(label, own);
    own.push({ members: group, order: hashedNumber(seed, groups?.[first] ?? first) });
  }
  const queues = [...byClass.values()].map((own) => own.sort((a, b) => a.order - b.order));
  const taken: number[] = [];
  for (let turn = 0; taken.length < limit; turn += 1) {
    for (const queue of queues) if (taken.length < limit) taken.push(...(queue[turn]?.members ?? []));
  }
  return taken.sort((a, b) => a - b);
}

function groupsOf(labels: readonly number[], groups: readonly string[] | undefined): number[][] {
  const positions = [...labels.keys()];
  if (groups === undefined) return positions.map((position) => [position]);
  return [...Map.groupBy(positions, (position) => groups[position]).values()];
}
