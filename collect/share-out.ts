import type { ClassCounts } from '../loop/round.ts';
import { CLASS_RATIO } from '../loop/training-set.ts';

/**
 * Gives the share of classes that ran out to the others, one image after another to the class that has the fewest,
 * while no class gets more than twice the images of the smallest: the rules' 1:2 balance of the training set after
 * the round. What does not fit inside the balance is given to none.
 * @param state.lack images that could not be given.
 * @param state.have training images per class after the round, without the share.
 * @param state.left images each class could still give; classes not named there get nothing.
 * @returns further images per class; classes that get none are not named.
 */
export function shareOut(state: { lack: number; have: ClassCounts; left: ClassCounts }): ClassCounts {
  const have = new Map(Object.entries(state.have));
  const left = new Map(Object.entries(state.left));
  const share = new Map<string, number>();
  for (let lack = state.lack; lack > 0; lack -= 1) {
    const name = nextClass(have, left);
    if (name === undefined) break;
    have.set(name, (have.get(name) ?? 0) + 1);
    left.set(name, (left.get(name) ?? 0) - 1);
    share.set(name, (share.get(name) ?? 0) + 1);
  }
  return Object.fromEntries(share);
}

function nextClass(have: ReadonlyMap<string, number>, left: ReadonlyMap<string, number>): string | undefined {
  const most = CLASS_RATIO * Math.min(...have.values());
  let next: string | undefined;
  for (const [name, count] of have) {
    if ((left.get(name) ?? 0) <= 0 || count + 1 > most) continue;
    if (next === undefined || count < (have.get(next) ?? 0)) next = name;
  }
  return next;
}
