import type { Outcome } from '../loop/outcome.ts';
import type { ClassCounts, DecisionSettings } from '../loop/round.ts';
import { capReached } from './caps.ts';
import { cutToRoom, GROWTH_WITHOUT_FORECAST, nextDelta, nextDetectionDelta, totalOf } from './delta.ts';
import { plural } from './format.ts';

/** Points from which a forecast extrapolates. */
const FEWEST_POINTS = 3;
/** What a forecast grows by at least. */
const LEAST_GROWTH = 1.25;
/** Rounds that are looked ahead at most. */
const MOST_ROUNDS = 1000;
const MOST_IMAGES = 1e9;
/** A cap that never binds. */
const PLENTY = Number.MAX_SAFE_INTEGER;

/** What a loop is planned with, before anything is measured. */
export interface RoundsPlan {
  task: 'classification' | 'detection';
  delta: DecisionSettings['delta'];
  /** Where δ comes from a forecast: it grows as slowly as it may, or as fast. */
  pace: 'slowest' | 'fastest';
  /** Without a target a forecast at most doubles. */
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

export interface PlannedRound {
  round: number;
  /** Training images, all classes together. */
  images: number;
  /** Smallest and largest number of training images of a class. */
  perClass: [number, number];
  /** Whole compute hours that its trainings reserve, parts of the first round included. */
  reservedHours: number;
  /** The same of all rounds so far. */
  hoursSoFar: number;
}

/** The rounds until something ends them. */
export interface Projection {
  rounds: PlannedRound[];
  /** What ends the loop if nothing else does before; null when nothing does within a thousand rounds and a billion images. */
  end: { outcome: Outcome; reason: string } | null;
}

/**
 * The rounds of a loop that never meets its target, if every training uses its whole reservation: until the first cap, or until the
 * source is used up. An image is taken to show one class, also for a detector: so the images are at most these. Pure.
 */
export function projectRounds(plan: RoundsPlan): Projection {
  const rounds: PlannedRound[] = [];
  let perClass = taken(plan, plan.need, {});
  let hoursSoFar = 0;
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    const images = totalOf(perClass);
    if (images > MOST_IMAGES) break;
    const reservedHours = reservation(plan, { round, images, hoursSoFar });
    if (reservedHours === null) return { rounds, end: tooFewHours(plan, images, hoursSoFar) };
    hoursSoFar += reservedHours;
    rounds.push({ round, images, perClass: extremes(perClass), reservedHours, hoursSoFar });
    const cap = capReached(capsState(plan, { images, hoursSoFar }), round);
    if (cap !== null) return { rounds, end: cap };
    const more = taken(plan, deltaOf(plan, perClass, round), perClass);
    if (totalOf(more) === 0) return { rounds, end: usedUp(images) };
    perClass = Object.fromEntries(Object.entries(perClass).map(([name, have]) => [name, have + (more[name] ?? 0)]));
  }
  return { rounds, end: null };
}

function extremes(counts: ClassCounts): [number, number] {
  const sizes = Object.values(counts);
  return [Math.min(...sizes), Math.max(...sizes)];
}

/** Rounds that a forecast takes to the image limit, at its fastest and at its slowest. */
export interface RoundsToLimit {
  images: number;
  least: number;
  most: number;
}

/** How soon and how late a loop owns all images that cap and source allow, if hours and rounds do; null where nothing limits them. */
export function roundsToLimit(plan: RoundsPlan): RoundsToLimit | null {
  if (imageLimit(plan) === Number.POSITIVE_INFINITY) return null;
  const free = { ...plan, caps: { ...plan.caps, minutes: PLENTY, rounds: PLENTY } };
  const [fast, slow] = (['fastest', 'slowest'] as const).map((pace) => projectRounds({ ...free, pace }).rounds);
  return { images: fast?.at(-1)?.images ?? 0, least: fast?.length ?? 0, most: slow?.length ?? 0 };
}

/** The most images that the loop can come to own, hours aside; null where nothing limits them. */
export function mostImages(plan: RoundsPlan): number | null {
  const unlimited = imageLimit(plan) === Number.POSITIVE_INFINITY;
  if (plan.delta.kind === 'forecast' && unlimited && plan.target !== null) return null;
  const { rounds, end } = projectRounds({ ...plan, pace: 'fastest', caps: { ...plan.caps, minutes: PLENTY } });
  return end === null ? null : (rounds.at(-1)?.images ?? null);
}

interface Spent {
  images: number;
  hoursSoFar: number;
}

function hoursLeft({ caps }: RoundsPlan, hoursSoFar: number): number {
  return Math.floor(caps.minutes / 60 - hoursSoFar);
}

/** As the loop reserves: what is wanted, cut to what is left; null when not even the minimum is. */
function reservation(plan: RoundsPlan, { round, images, hoursSoFar }: Spent & { round: number }): number | null {
  const { hours, parts } = plan;
  const ofParts = round === 1 ? parts.reduce((sum, part) => sum + hours.wanted(part), 0) : 0;
  const wanted = hours.wanted(images);
  const left = hoursLeft(plan, hoursSoFar);
  const own = Math.min(left - ofParts, wanted);
  return own < Math.max(1, Math.min(wanted, hours.minimum(images))) ? null : ofParts + own;
}

function capsState({ caps, hours }: RoundsPlan, { images, hoursSoFar }: Spent) {
  return {
    settledMinutes: hoursSoFar * 60,
    capMinutes: caps.minutes,
    nextTrainingHours: Math.min(hours.wanted(images), hours.minimum(images)),
    images,
    capImages: caps.images,
    capRounds: caps.rounds,
    deadlinePassed: false,
  };
}

function tooFewHours(plan: RoundsPlan, images: number, hoursSoFar: number): Projection['end'] {
  const least = plural(Math.min(plan.hours.wanted(images), plan.hours.minimum(images)), 'hour');
  const left = plural(Math.max(0, hoursLeft(plan, hoursSoFar)), 'hour');
  return {
    outcome: 'budget-exhausted',
    reason: `a training on ${plural(images, 'image')} takes at least ${least} and ${left} would be left`,
  };
}

function usedUp(images: number): Projection['end'] {
  return { outcome: 'images-exhausted', reason: `the source holds nothing new after ${plural(images, 'image')}` };
}

function deltaOf(plan: RoundsPlan, perClass: ClassCounts, round: number): ClassCounts {
  const { delta, task } = plan;
  if (delta.kind === 'forecast') return evenDelta(perClass, forecastTotal(plan, totalOf(perClass), round));
  return task === 'detection' ? nextDetectionDelta(perClass, delta) : nextDelta(perClass, delta, null);
}

/** Images of the next round: twice as many until there are three points, then at least a quarter more. */
function forecastTotal(plan: RoundsPlan, images: number, round: number): number {
  const { parts, pace, target } = plan;
  const growth = Math.max(images + 1, Math.ceil(images * LEAST_GROWTH));
  const doubled = Math.max(images + 1, Math.round(images * GROWTH_WITHOUT_FORECAST));
  if (parts.length + round < FEWEST_POINTS) return doubled;
  if (pace === 'slowest') return growth;
  return target === null ? doubled : imageLimit(plan);
}

/** Images that cap and source allow in all; infinite where nothing limits them. */
function imageLimit({ caps, available }: Pick<RoundsPlan, 'caps' | 'available'>): number {
  return Math.min(caps.images ?? Number.POSITIVE_INFINITY, available?.images ?? Number.POSITIVE_INFINITY);
}

/** A total shared evenly among the classes; what does not divide goes to the first. */
function evenDelta(perClass: ClassCounts, total: number): ClassCounts {
  const classes = Object.entries(perClass);
  const each = Math.floor(total / classes.length);
  const rest = total - each * classes.length;
  return Object.fromEntries(classes.map(([name, have], at) => [name, Math.max(0, each + (at < rest ? 1 : 0) - have)]));
}

/** What the source and the image cap leave of a need. */
function taken(plan: RoundsPlan, need: ClassCounts, have: ClassCounts): ClassCounts {
  const { available } = plan;
  const left = (name: string) => (available === null ? Number.POSITIVE_INFINITY : (available.perClass[name] ?? 0));
  const found = Object.entries(need).map(([name, count]) => [name, Math.min(count, left(name) - (have[name] ?? 0))]);
  const room = imageLimit(plan) - totalOf(have);
  return cutToRoom(Object.fromEntries(found), room, have);
}
