import { randomNumbers } from '../loop/random.ts';
import { FEWEST_POINTS, fitPowerLaw, imagesByLaw, metricByLaw } from './power-law.ts';
import type { Move, Seen, Strategy, Task } from './strategy.ts';

const BOOTSTRAPS = 200;
const SIZES = 48;
const MOST_ROUNDS = 6;
const PENALTY_CAPS = 10;
const SEED = 1;
const BLIND_GROWTH = 2;
/** A hold-out's size is not known; a fifth of the images is usual. */
const HELD_OUT = 0.2;

/**
 * Learn–optimise–collect (Mahmood and others, NeurIPS 2022), with power laws through parametric bootstraps of the points for the spread
 * of the images needed, and an exact dynamic programme for the sizes of the coming rounds. Missing the target costs ten caps; a
 * round costs nothing but its images. It gives up when buying nothing is the cheapest plan.
 */
export const LEARN_OPTIMISE_COLLECT: Strategy = {
  name: 'd10',
  title: 'like learn–optimise–collect',
  subsets: true,
  decide,
};

function decide(history: readonly Seen[], task: Task): Move {
  const last = history.at(-1);
  if (!last || last.metric >= task.target) return { kind: 'claim' };
  if (last.images >= task.cap) return { kind: 'caps' };
  if (history.length < FEWEST_POINTS) return { kind: 'grow', to: BLIND_GROWTH * last.images };
  const sizes = Array.from(
    { length: SIZES },
    (_, step) => last.images * (task.cap / last.images) ** (step / (SIZES - 1)),
  );
  const needs = imagesNeeded(history, task).toSorted();
  const to = firstStep(
    sizes,
    sizes.map((size) => shareUpTo(needs, size)),
    PENALTY_CAPS * task.cap,
  );
  return to === null ? { kind: 'give-up' } : { kind: 'grow', to };
}

/** Images that the target needs, by a power law through each bootstrap of the points. */
function imagesNeeded(history: readonly Seen[], { target, evaluationImages }: Task): Float64Array {
  const random = randomNumbers(SEED);
  const law = fitPowerLaw(history);
  const means = history.map(({ images }) => Math.min(1, Math.max(0, metricByLaw(law, images))));
  return Float64Array.from({ length: BOOTSTRAPS }, () => {
    const drawn = history.map(({ images }, at) => {
      const mean = means[at] ?? 0;
      const evaluated = evaluationImages ?? Math.max(1, HELD_OUT * images);
      return { images, metric: mean + normal(random) * Math.sqrt((mean * (1 - mean)) / evaluated) };
    });
    return imagesByLaw(fitPowerLaw(drawn), target);
  });
}

/** Box and Muller. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function shareUpTo(sorted: Float64Array, size: number): number {
  const above = sorted.findIndex((need) => need > size);
  return (above < 0 ? sorted.length : above) / sorted.length;
}

/**
 * The first size of the plan that costs least, or null where the plan is to buy nothing.
 * @param sizes from the present one up to the cap
 * @param met probability that each size is enough
 */
function firstStep(sizes: readonly number[], met: readonly number[], penalty: number): number | null {
  const missing = met.map((probability) => penalty * (1 - probability));
  let costs = missing;
  let first: number | null = null;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const later = costs;
    costs = sizes.map((size, from) => {
      let least = missing[from] ?? 0;
      if (from === 0) first = null;
      for (let to = from + 1; to < sizes.length; to += 1) {
        const cost = ((sizes[to] ?? 0) - size) * (1 - (met[from] ?? 0)) + (later[to] ?? 0);
        if (cost >= least) continue;
        least = cost;
        if (from === 0) first = sizes[to] ?? null;
      }
      return least;
    });
  }
  return first;
}
