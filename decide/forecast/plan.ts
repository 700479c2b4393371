import type { NeededImages } from '../../loop/forecast.ts';
import { metricAt } from './particles.ts';
import { metricsAt, type Posterior } from './posterior.ts';

/** Sizes between the present one and the horizon that a plan can choose from. */
const SIZES = 64;
/** Rounds that are planned ahead at most. */
export const ROUNDS_AHEAD = 6;
/** A round grows the training set at least by this factor: less cannot be told from noise. */
export const LEAST_GROWTH = 1.25;
/** Fitted curves are not trusted beyond four times the images that they saw (Hoiem et al. 2021). */
export const MOST_GROWTH = 4;
/** Without a target: growths that are weighed against each other. */
export const GROWTHS = [1.25, 1.5, 1.75, 2];

/** What a plan is made of. Prices in images. */
export interface Plan {
  /** Training images now, and as many as the caps allow. */
  images: number;
  horizon: number;
  roundPrice: number;
  /** Rounds that the caps still allow. */
  roundsLeft: number;
}

/** Sizes from now to the horizon in equal steps of the logarithm. */
function sizesOf({ images, horizon }: Plan): number[] {
  return Array.from({ length: SIZES }, (_, at) => images * (horizon / images) ** (at / (SIZES - 1)));
}

/** For each kept curve the first of the sizes at which it reaches `level`; `SIZES` where none does. Curves never fall: halving finds it. */
function firstReached({ particles, unit, kept }: Posterior, sizes: readonly number[], level: number): number[] {
  const at = sizes.map((images) => Math.log(images / unit));
  return kept.map((i) => {
    let [low, high] = [0, SIZES];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (metricAt(particles, i, at[middle] ?? 0) >= level) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}

/** P(not reached with the first size … the last). */
function survival(posterior: Posterior, reached: readonly number[]): number[] {
  const at = new Float64Array(SIZES + 1);
  for (const [i, step] of reached.entries()) at[step] = (at[step] ?? 0) + (posterior.weights[i] ?? 0);
  let left = 1;
  return Array.from({ length: SIZES }, (_, step) => {
    left -= at[step] ?? 0;
    return Math.max(0, left);
  });
}

/**
 * Training images of the next round: exact dynamic programming over at most six rounds and 64 sizes (Mahmood et al. 2022, LOC, with
 * the price of rounds added). Each round pays its new images and itself as long as the target is not reached; not reaching it at all
 * costs as much as all images of the caps. At least ×1.25, at most ×4, never past the horizon.
 * @param level metric that the next round should show, 0–1
 * @returns images of the next round, and what the whole plan is expected to cost in images
 */
export function nextSize(posterior: Posterior, plan: Plan, level: number): { size: number; cost: number } {
  const sizes = sizesOf(plan);
  const left = survival(posterior, firstReached(posterior, sizes, level));
  const { images, horizon, roundPrice } = plan;
  const rounds = Math.max(1, Math.min(ROUNDS_AHEAD, plan.roundsLeft));
  const missing = Math.max(horizon, roundPrice * rounds);
  let costs = left.map((share) => share * missing);
  let first = 0;
  for (let round = 0; round < rounds; round += 1) {
    const best = sizes.map((_, from) => cheapest({ sizes, left, costs, roundPrice }, from));
    // One round more may not help any further: what the fewer rounds began with stands.
    first = best[0]?.to || first;
    costs = best.map(({ cost }) => cost);
  }
  return { size: bounded(sizes[first] ?? images, plan), cost: costs[0] ?? 0 };
}

interface Step {
  sizes: readonly number[];
  left: readonly number[];
  costs: readonly number[];
  roundPrice: number;
}

/** The cheapest size to go to from one; the same size where staying is. */
function cheapest({ sizes, left, costs, roundPrice }: Step, from: number): { cost: number; to: number } {
  let [cost, to] = [costs[from] ?? 0, from];
  const here = sizes[from] ?? 0;
  const share = left[from] ?? 0;
  for (let next = from + 1; next < sizes.length; next += 1) {
    const total = share * ((sizes[next] ?? 0) - here + roundPrice) + (costs[next] ?? 0);
    if (total < cost) [cost, to] = [total, next];
  }
  return { cost, to };
}

/** A size that a round may have: a real step, and never past the horizon. */
export function bounded(size: number, { images, horizon }: Pick<Plan, 'images' | 'horizon'>): number {
  const grown = Math.ceil(Math.min(MOST_GROWTH * images, Math.max(LEAST_GROWTH * images, size)) - 1e-9);
  return Math.min(horizon, Math.max(images + 1, grown));
}

/** Without a target: of ×1.25 to ×2, the growth that gains most for its price. */
export function bestGrowth(posterior: Posterior, plan: Plan): number {
  const { images, roundPrice } = plan;
  const now = metricsAt(posterior, images);
  let [size, most] = [images, Number.NEGATIVE_INFINITY];
  for (const factor of GROWTHS) {
    const then = metricsAt(posterior, images * factor);
    const gain = then.reduce((sum, metric, at) => sum + (posterior.weights[at] ?? 0) * (metric - (now[at] ?? 0)), 0);
    const worth = gain / (images * (factor - 1) + roundPrice);
    if (worth > most) [size, most] = [images * factor, worth];
  }
  return bounded(size, plan);
}

/** Images that are still needed until the curve meets `bar`: an 80 % interval; null where that is beyond the horizon. */
export function neededImages(posterior: Posterior, plan: Plan, bar: number): NeededImages {
  const sizes = sizesOf(plan);
  const left = survival(posterior, firstReached(posterior, sizes, bar));
  const at = (part: number): number | null => {
    const found = left.findIndex((share) => 1 - share >= part);
    return found === -1 ? null : Math.round((sizes[found] ?? 0) - plan.images);
  };
  return { low: at(0.1) ?? plan.horizon - plan.images, median: at(0.5), high: at(0.9) };
}
