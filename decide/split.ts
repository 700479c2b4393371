import type { SplitRow } from '../loop/forecast.ts';
import type { ClassCounts, ClassPerformance } from '../loop/round.ts';
import { CLASS_RATIO } from '../loop/training-set.ts';
import { Z95 } from './binomial.ts';

/**
 * Errors that fall as images^−k are least in all where class c holds images in proportion to error^(1/(1+k)) (Lagrange); k = ½ is
 * usual for few images.
 */
const EXPONENT = 2 / 3;
/** A class that is never wrong still needs images. */
const LEAST_ERROR = 0.01;

/** What δ is shared out by. */
export interface Sharing {
  /** Training images per class now, every class named. */
  perClass: ClassCounts;
  performance?: Record<string, ClassPerformance>;
  /** Largest class over smallest after the round, at most; 2 when absent. */
  classRatio?: number;
}

/** Classes in the order of their names, so that the order of the input changes nothing. */
function namesOf(perClass: ClassCounts): string[] {
  return Object.keys(perClass).sort();
}

/** Variance of a class's measured performance, with half a right and half a wrong image added (Jeffreys). */
function varianceOf({ value, images }: ClassPerformance): number {
  const seen = Math.max(1, images);
  const p = (value * seen + 0.5) / (seen + 1);
  return (p * (1 - p)) / seen;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

/**
 * What each class should hold beside the others: more where the model is weaker, shrunk towards equal by the noise of the few evaluation
 * images that a class has (the James–Stein form: what classes differ beyond noise, over all they differ), within the class ratio.
 * @returns a positive number per class, by name; 1 each where nothing was measured
 */
export function classWeights({ perClass, performance, classRatio = CLASS_RATIO }: Sharing): Map<string, number> {
  const names = namesOf(perClass);
  // A map: a class may be called `constructor`.
  const known = new Map(Object.entries(performance ?? {}));
  const measured = names.flatMap((name) => known.get(name) ?? []);
  const mean = meanOf(measured.map(({ value }) => value));
  const noise = meanOf(measured.map(varianceOf));
  const between = Math.max(0, meanOf(measured.map(({ value }) => (value - mean) ** 2)) - noise);
  const bound = Math.sqrt(Math.max(1, classRatio));
  const usual = Math.max(LEAST_ERROR, 1 - mean);
  return new Map(
    names.map((name) => {
      const own = known.get(name);
      if (own === undefined) return [name, 1] as const;
      const trust = between / (between + varianceOf(own));
      const error = Math.max(LEAST_ERROR, 1 - (mean + trust * (own.value - mean)));
      return [name, Math.min(bound, Math.max(1 / bound, (error / usual) ** EXPONENT))] as const;
    }),
  );
}

/** The level up to which all classes are filled, each times its weight, so that `extra` images are used. */
function levelFor(classes: readonly { have: number; weight: number }[], extra: number): number {
  const order = classes.toSorted((one, other) => one.have / one.weight - other.have / other.weight);
  let [have, weight] = [0, 0];
  for (const [at, each] of order.entries()) {
    have += each.have;
    weight += each.weight;
    const level = (extra + have) / weight;
    const next = order[at + 1];
    if (next === undefined || level <= next.have / next.weight) return level;
  }
  return 0;
}

/**
 * Shares `extra` new images out over the classes, so that after the round each holds as near its weight as it can; whole images go by
 * the largest remainder, ties by name. Never makes the set more unequal than the class ratio, if it was not before.
 */
export function shareOut(extra: number, sharing: Sharing): ClassCounts {
  const weights = classWeights(sharing);
  const classes = namesOf(sharing.perClass).map((name) => ({
    name,
    have: sharing.perClass[name] ?? 0,
    weight: weights.get(name) ?? 1,
  }));
  const level = levelFor(classes, extra);
  const wanted = classes.map(({ have, weight }) => Math.max(0, level * weight - have));
  const rows = classes.map((each, at) => ({ ...each, collect: Math.floor((wanted[at] ?? 0) + 1e-9), at }));
  const left = extra - rows.reduce((sum, { collect }) => sum + collect, 0);
  const byRest = rows.toSorted((one, other) => rest(other, wanted) - rest(one, wanted) || one.at - other.at);
  for (const row of byRest.slice(0, Math.max(0, left))) row.collect += 1;
  evenOut(rows, sharing.classRatio ?? CLASS_RATIO);
  return Object.fromEntries(rows.map(({ name, collect }) => [name, collect]));
}

interface Row {
  have: number;
  collect: number;
  at: number;
}

function rest({ collect, at }: Row, wanted: readonly number[]): number {
  return Math.round(((wanted[at] ?? 0) - collect) * 1e9);
}

/** Whole images can overstep the ratio by one or two: moves them from the largest class that was given any to the smallest. */
function evenOut(rows: Row[], ratio: number): void {
  const size = ({ have, collect }: Row) => have + collect;
  for (let moves = 0; moves < rows.length; moves += 1) {
    const small = rows.reduce((least, row) => (size(row) < size(least) ? row : least));
    const given = rows.filter(({ collect }) => collect > 0);
    if (given.length === 0) return;
    const large = given.reduce((most, row) => (size(row) > size(most) ? row : most));
    if (size(large) <= ratio * size(small) || size(large) - size(small) < 2) return;
    large.collect -= 1;
    small.collect += 1;
  }
}

/** δ class by class with what it rests on, for people: classes in the order of their names. */
export function splitRows(delta: ClassCounts, { perClass, performance }: Sharing): SplitRow[] {
  const all = new Map(Object.entries(performance ?? {}));
  return namesOf(perClass).map((className) => {
    const known = all.get(className);
    return {
      className,
      have: perClass[className] ?? 0,
      performance: known?.value ?? null,
      noise: known === undefined ? null : Z95 * Math.sqrt(varianceOf(known)),
      collect: delta[className] ?? 0,
    };
  });
}
