import type { ClassCounts, CurvePoint, DecisionInput } from '../../loop/round.ts';
import { Z95 } from '../binomial.ts';
import { totalOf } from '../delta.ts';
import { type Noise, noiseBetween } from '../noise.ts';

/** Standard deviation of a real curve around any of the drawn ones, at one point. */
export const MISFIT = 0.014;
/** How much further a real curve strays for each e-fold of images between a point and the present: old points weigh less. */
const DRIFT = 0.04;
/** Extra variance of a point all of whose classes are other than those of the present training set. */
const SHARES_VARIANCE = 0.05 ** 2;
/** Part of an evaluation's variance that differs between rounds on one frozen set, where the verdicts do not tell. */
const OWN_PART = 0.3;
/** Of what the verdicts tell, at most this part is a round's own: something is always shared; and at most that part is shared. */
const MOST_OWN = 0.9;
const MOST_SHARED = 0.95;
/** A hold-out's size is not known; a fifth of the images is usual. */
const HOLD_OUT_PART = 0.2;
const FEWEST_HELD_OUT = 5;
/** A measured 0 or 1 is not known exactly. */
const EXTREME = 0.02;

/** A point of the curve with its variance. */
export interface Observation {
  /** Training images, all classes together. */
  images: number;
  /** 0–1. */
  metric: number;
  /** Variance of this point alone: of its evaluation, and of the real curve around a drawn one. */
  variance: number;
  /** Further variance: how far the real curve may have strayed between this point and the present. */
  stray: number;
}

/** What the posterior is made of. */
export interface Evidence {
  observations: Observation[];
  /** Variance of the error that all points share, as they were measured on one frozen set; 0 when they were not. */
  shared: number;
  /** Images of the first round: the unit of the curves' sizes. */
  unit: number;
}

type Point = Omit<CurvePoint, 'model'>;

/** The points in order: nested parts of the first round, then the rounds. */
function pointsOf({ history, subsets = [] }: DecisionInput): Point[] {
  // Parts of the first round come before it and carry no number: nothing was recorded against them.
  return [...subsets.map((part, at) => ({ ...part, round: at - subsets.length })), ...history];
}

function within(proportion: number): number {
  return Math.min(1 - EXTREME, Math.max(EXTREME, proportion));
}

function binomialVariance(proportion: number, images: number): number {
  return (within(proportion) * (1 - within(proportion))) / images;
}

/**
 * Variance of one evaluation. The latest must not depend on its own metric, or a better one could lower the probability of a claim: it
 * is taken halfway between the metric before and the target.
 */
function lookVariance(points: readonly Point[], at: number, { settings }: DecisionInput): number {
  const point = points[at];
  if (point === undefined) return 0;
  const images = settings.evaluationImages ?? Math.max(FEWEST_HELD_OUT, HOLD_OUT_PART * point.images);
  if (point.resampled) {
    // Draws of images that are all right, or all wrong, do not differ; that does not make the metric certain.
    const [low, high] = point.resampled.interval;
    return Math.max(((high - low) / (2 * Z95)) ** 2, binomialVariance(0, images));
  }
  if (at < points.length - 1) return binomialVariance(point.metric, images);
  const before = points[at - 1]?.metric;
  const goal = settings.target ?? before ?? point.metric;
  return binomialVariance(before === undefined ? goal : (before + goal) / 2, images);
}

/** Variance of the difference of two rounds on the same images, what they really differ in taken out; null where they were not paired. */
function pairedVariance(noise: Noise, size: number, gain: number): number | null {
  if (noise.kind === 'paired bootstrap') return (noise.value / Z95) ** 2;
  if (noise.kind !== 'paired' || noise.changed === null || noise.predicted === null) return null;
  const both = noise.predicted * size;
  return Math.max(1, noise.changed - both * gain ** 2) / both ** 2;
}

/** The part of a look's variance that is this round's own: half of what chance makes differ from its neighbour on the same images. */
function ownVariance(points: readonly Point[], at: number, { size, look }: { size: number; look: number }): number {
  const point = points[at];
  const neighbour = points[at === 0 ? 1 : at - 1];
  if (point === undefined || neighbour === undefined) return OWN_PART * look;
  const noise = noiseBetween({ ...neighbour, model: '' }, { ...point, model: '' }, size);
  const paired = pairedVariance(noise, size, point.metric - neighbour.metric);
  return paired === null ? OWN_PART * look : Math.min(MOST_OWN * look, paired / 2);
}

/** The error that all looks share: what most of them have in common, and never all of any. */
function sharedVariance(points: readonly Point[], looks: readonly number[], { settings }: DecisionInput): number {
  const size = settings.evaluationImages;
  if (size === null || settings.forecast?.looks !== 'shared') return 0;
  const common = looks.map((look, at) => look - ownVariance(points, at, { size, look })).sort((a, b) => a - b);
  const middle = common[Math.floor((common.length - 1) / 2)] ?? 0;
  return Math.min(middle, MOST_SHARED * Math.min(...looks));
}

/** Total variation between the class shares of two training sets, 0–1. Summed in whole numbers: the order of the classes is nothing. */
function shareDistance(one: ClassCounts, other: ClassCounts): number {
  const [ones, others] = [Math.max(1, totalOf(one)), Math.max(1, totalOf(other))];
  const theirs = new Map(Object.entries(other));
  let sum = 0;
  for (const [name, count] of Object.entries(one)) {
    sum += Math.abs(count * others - (theirs.get(name) ?? 0) * ones);
    theirs.delete(name);
  }
  for (const count of theirs.values()) sum += count * ones;
  return sum / (2 * ones * others);
}

/**
 * The points of a history with their noise: p(1 − p)/m of the evaluation, of which one frozen set shares the most, the misfit of any
 * curve, more for points of few images (a curve strays with the distance in ln images), and for other class shares.
 * @throws RangeError when verdicts do not fit the evaluation set.
 */
export function evidenceOf(input: DecisionInput): Evidence {
  const points = pointsOf(input);
  const present = Math.max(1, points.at(-1)?.images ?? 1);
  const looks = points.map((_, at) => lookVariance(points, at, input));
  const shared = sharedVariance(points, looks, input);
  const observations = points.map((point, at) => {
    const stray = (DRIFT * Math.log(present / Math.max(1, point.images))) ** 2;
    const shares = point.perClass === undefined ? 0 : SHARES_VARIANCE * shareDistance(point.perClass, input.perClass);
    const own = (looks[at] ?? 0) - shared;
    return { images: point.images, metric: point.metric, variance: own + MISFIT ** 2 + shares, stray };
  });
  return { observations, shared, unit: Math.max(1, input.history[0]?.images ?? present) };
}
