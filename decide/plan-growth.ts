import type { ClassCounts, DecisionSettings } from '../loop/round.ts';
import { cutToRoom, GROWTH_WITHOUT_FORECAST, nextDelta, nextDetectionDelta, totalOf } from './delta.ts';
import { ENOUGH_POINTS } from './forecast/forecast.ts';
import { bounded, GROWTHS, LEAST_GROWTH, MOST_GROWTH } from './forecast/plan.ts';

/** Images beyond which nothing is planned. */
export const MOST_IMAGES = 1e9;

/** What a loop is planned with, before anything is measured. */
export interface RoundsPlan {
  task: 'classification' | 'detection';
  delta: DecisionSettings['delta'];
  /** Where δ comes from a forecast: it grows as slowly as it may, or as fast. */
  pace: 'slowest' | 'fastest';
  /** Without a target a forecast grows more slowly. */
  target: number | null;
  /** Images per class of the first round. */
  need: ClassCounts;
  /** Images of the parts of the first round that are trained too; the budget must hold them beside the round. */
  parts: readonly number[];
  caps: { minutes: number; images: number | null; rounds: number };
  /** What the source holds; null where nobody can tell. */
  available: { images: number; perClass: ClassCounts } | null;
  hours: TrainingHours;
}

/** Whole compute hours of one training, by its images. */
export interface TrainingHours {
  /** What a training accepts at least. */
  minimum: (images: number) => number;
  /** What a training asks for: the operator's own figure, else the suggestion. */
  wanted: (images: number) => number;
}

/** δ as the loop's own rules have it; of a forecast at the plan's pace. */
export function deltaOf(plan: RoundsPlan, perClass: ClassCounts, round: number): ClassCounts {
  const { delta, task } = plan;
  if (delta.kind === 'forecast') return evenDelta(plan, perClass, forecastTotal(plan, totalOf(perClass), round));
  return task === 'detection' ? nextDetectionDelta(perClass, delta) : nextDelta(perClass, delta, null);
}

/** Images of the next round, inside the bounds of every forecast. */
function forecastTotal(plan: RoundsPlan, images: number, round: number): number {
  return bounded(images * forecastGrowth(plan, round), { images, horizon: imageLimit(plan) });
}

/** The least or the most that a forecast grows by; the same for all until it has points enough to extrapolate. */
function forecastGrowth({ parts, pace, target }: RoundsPlan, round: number): number {
  if (parts.length + round < ENOUGH_POINTS) return GROWTH_WITHOUT_FORECAST;
  if (pace === 'slowest') return LEAST_GROWTH;
  return target === null ? Math.max(...GROWTHS) : MOST_GROWTH;
}

/** Images that cap and source allow in all; infinite where nothing limits them. */
export function imageLimit({ caps, available }: Pick<RoundsPlan, 'caps' | 'available'>): number {
  return Math.min(caps.images ?? Number.POSITIVE_INFINITY, available?.images ?? Number.POSITIVE_INFINITY);
}

/** Shares a total evenly: every class goes for one level, those that cannot give so many give what they have. */
function evenDelta(plan: RoundsPlan, perClass: ClassCounts, total: number): ClassCounts {
  const classes = Object.entries(perClass).map(([name, have]) => ({ name, have, most: heldOf(plan, name) }));
  const at = (level: number) => classes.map(({ have, most }) => Math.max(have, Math.min(most, level)));
  const sum = (counts: number[]) => counts.reduce((all, count) => all + count, 0);
  let [low, high] = [0, total];
  while (low < high) {
    const level = Math.floor((low + high) / 2);
    if (sum(at(level)) >= total) high = level;
    else low = level + 1;
  }
  const counts = at(low);
  let excess = sum(counts) - total;
  return Object.fromEntries(
    classes.map(({ name, have }, index) => {
      const count = counts[index] ?? have;
      const less = excess > 0 && count === low && count > have ? 1 : 0;
      excess -= less;
      return [name, count - less - have];
    }),
  );
}

/** Images of a class that the source holds; infinite where nobody can tell. */
function heldOf({ available }: RoundsPlan, name: string): number {
  return available === null ? Number.POSITIVE_INFINITY : (available.perClass[name] ?? 0);
}

/** What the source and the image cap leave of a need. */
export function taken(plan: RoundsPlan, need: ClassCounts, have: ClassCounts): ClassCounts {
  const found = Object.entries(need).map(([name, count]) => [
    name,
    Math.min(count, heldOf(plan, name) - (have[name] ?? 0)),
  ]);
  const room = imageLimit(plan) - totalOf(have);
  return cutToRoom(Object.fromEntries(found), room, have);
}
