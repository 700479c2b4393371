import type { Outcome } from '../loop/outcome.ts';
import type { ClassCounts } from '../loop/round.ts';
import { capReached } from './caps.ts';
import { totalOf } from './delta.ts';
import { LEAST_GROWTH } from './forecast/plan.ts';
import { plural } from './format.ts';
import { deltaOf, imageLimit, MOST_IMAGES, type RoundsPlan, taken } from './plan-growth.ts';

/** Rounds that are looked ahead at most. */
const MOST_ROUNDS = 1000;
/** A cap that never binds. */
const PLENTY = Number.MAX_SAFE_INTEGER;

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
  const caps = { ...plan.caps, minutes: PLENTY };
  // What one class cannot give, others may: only what the source holds in all counts.
  const { available } = plan;
  const all = available && {
    images: available.images,
    perClass: Object.fromEntries(Object.keys(plan.need).map((name) => [name, available.images])),
  };
  const { rounds, end } = projectRounds({ ...plan, pace: 'fastest', caps, available: all });
  return end === null ? null : (rounds.at(-1)?.images ?? null);
}

/**
 * The most whole compute hours that the rounds reserve in all, trainings that are repeated aside. A forecast may grow fast at first and
 * slowly towards the end: as many rounds as the slowest pace has, each as large as the fastest pace makes it and as the rounds after it,
 * at least ×1.25 each but for the last, which the limit may cut, leave room for.
 */
export function mostHours(plan: RoundsPlan): number {
  const free = { ...plan, caps: { ...plan.caps, minutes: PLENTY } };
  const [fast, slow] = (['fastest', 'slowest'] as const).map((pace) => projectRounds({ ...free, pace }).rounds);
  const limit = imageLimit(plan);
  const rounds = slow?.length ?? 0;
  return (slow ?? []).reduce((sum, { images, round, reservedHours }) => {
    const most = Math.min(
      fast?.at(round - 1)?.images ?? limit,
      limit / LEAST_GROWTH ** Math.max(0, rounds - round - 1),
    );
    return sum + (most > images ? plan.hours.wanted(Math.floor(most)) : reservedHours);
  }, 0);
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
