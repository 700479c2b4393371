import { type Move, roundsOf, type Seen, type Strategy, type Task } from './strategy.ts';

/** metric = ceiling − drop · images^−exponent */
export interface PowerLaw {
  /** What endless images would give, at most 1. */
  ceiling: number;
  /** At least 0. */
  drop: number;
  exponent: number;
}

const EXPONENTS = Array.from({ length: 40 }, (_, step) => 0.05 * (step + 1));
const STRIKES = 2;
/** With fewer, a law with three unknowns says nothing. */
export const FEWEST_POINTS = 3;
const GROWTH = { struck: 2, least: 1.1, most: 8 };

/**
 * Least squares: for each exponent of a grid the best ceiling ≤ 1 and drop ≥ 0 in closed form, then the best of these.
 * @param points at least one
 */
export function fitPowerLaw(points: readonly Seen[]): PowerLaw {
  let best: PowerLaw & { error: number } = { ceiling: 1, drop: 0, exponent: 1, error: Number.POSITIVE_INFINITY };
  for (const exponent of EXPONENTS) {
    const fitted = fitAt(exponent, points);
    if (fitted.error < best.error) best = fitted;
  }
  return best;
}

function fitAt(exponent: number, points: readonly Seen[]): PowerLaw & { error: number } {
  const xs = points.map(({ images }) => images ** -exponent);
  const ys = points.map(({ metric }) => metric);
  const { ceiling, drop } = bounded(xs, ys);
  const error = xs.reduce((sum, x, at) => sum + ((ys[at] ?? 0) - ceiling + drop * x) ** 2, 0);
  return { ceiling, drop, exponent, error };
}

/** Least squares of y = ceiling − drop · x under the bounds. */
function bounded(xs: readonly number[], ys: readonly number[]): { ceiling: number; drop: number } {
  const [meanX, meanY] = [sumOf(xs) / xs.length, sumOf(ys) / ys.length];
  const spread = sumOf(xs.map((x) => (x - meanX) ** 2));
  const drop = spread === 0 ? 0 : -sumOf(xs.map((x, at) => (x - meanX) * ((ys[at] ?? 0) - meanY))) / spread;
  if (drop <= 0) return { ceiling: Math.min(1, meanY), drop: 0 };
  const ceiling = meanY + drop * meanX;
  if (ceiling <= 1) return { ceiling, drop };
  return {
    ceiling: 1,
    drop: Math.max(0, sumOf(xs.map((x, at) => x * (1 - (ys[at] ?? 0)))) / sumOf(xs.map((x) => x * x))),
  };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** The metric that the law gives at so many images. */
export function metricByLaw({ ceiling, drop, exponent }: PowerLaw, images: number): number {
  return ceiling - drop * images ** -exponent;
}

/** The images with which the law reaches `metric` (0–1); infinite where it never does. */
export function imagesByLaw({ ceiling, drop, exponent }: PowerLaw, metric: number): number {
  if (metric >= ceiling) return Number.POSITIVE_INFINITY;
  return ((ceiling - metric) / drop) ** (-1 / exponent);
}

/**
 * A power law through all points: claim as soon as the measured metric meets the target; grow to where the law meets it; give up when
 * that lay beyond the cap twice.
 */
export const POWER_LAW: Strategy = { name: 'c', title: 'power law, least squares', subsets: true, decide: decideByLaw };

function decideByLaw(history: readonly Seen[], { target, cap }: Task): Move {
  const last = history.at(-1);
  if (!last || last.metric >= target) return { kind: 'claim' };
  if (history.length < FEWEST_POINTS) return { kind: 'grow', to: GROWTH.struck * last.images };
  const needs = roundsOf(history)
    .map((round) => history.slice(0, history.indexOf(round) + 1))
    .filter((known) => known.length >= FEWEST_POINTS)
    .map((known) => imagesByLaw(fitPowerLaw(known), target));
  const strikes = needs.filter((images) => images > cap).length;
  const needed = needs.at(-1) ?? cap;
  if (needed <= cap)
    return { kind: 'grow', to: Math.min(GROWTH.most * last.images, Math.max(GROWTH.least * last.images, needed)) };
  return strikes >= STRIKES ? { kind: 'give-up' } : { kind: 'grow', to: GROWTH.struck * last.images };
}
