import { randomNumbers } from '../loop/random.ts';

/** Numbers 0–1 that look random and are the same for the same seed everywhere. */
export interface Dice {
  /** The next number, 0 ≤ n < 1. */
  roll(): number;
  /** The next number between two bounds. */
  between(low: number, high: number): number;
  /** The next whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  /** One of the items. Throws RangeError when there are none. */
  pick<T>(items: readonly T[]): T;
  /** The items in another order. */
  shuffle<T>(items: readonly T[]): T[];
}

/** Dice of a seed; dice of different seeds have nothing to do with each other. */
export function dice(seed: number): Dice {
  const roll = randomNumbers(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b));
  const between = (low: number, high: number) => low + roll() * (high - low);
  const whole = (low: number, high: number) => Math.floor(between(low, high + 1));
  const pick = <T>(items: readonly T[]): T => {
    const item = items[whole(0, items.length - 1)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  };
  const shuffle = <T>(items: readonly T[]): T[] =>
    items
      .map((item) => ({ item, order: roll() }))
      .sort((a, b) => a.order - b.order)
      .map(({ item }) => item);
  return { roll, between, whole, pick, shuffle };
}
