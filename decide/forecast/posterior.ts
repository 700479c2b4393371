import type { Range80 } from '../../loop/forecast.ts';
import { normalBelow } from '../normal.ts';
import { type Evidence, MISFIT } from './evidence.ts';
import { metricAt, type Particles } from './particles.ts';

/** Curves of less weight than this part of the heaviest decide nothing any more. */
const NEGLIGIBLE = 1e-5;
/** Steps of the metric in which intervals are read off. */
const BINS = 1000;

/** The curves that are left after the points were seen. */
export interface Posterior {
  particles: Particles;
  unit: number;
  /** Indices of the curves that count. */
  kept: number[];
  /** Of each curve that counts, as `kept`; they add up to 1. */
  weights: number[];
  /** Curves that carry the weight: 1 / Σ weight². */
  effective: number;
  /** How far the true curve probably stands above each kept one at the last point, and the standard deviation of that. */
  deviation: number[];
  deviationSd: number;
}

/**
 * Weighs the drawn curves by the points: a Gaussian likelihood in which every point has a variance of its own and all share one offset
 * (the Sherman–Morrison formula inverts that covariance). The true curve may deviate from a drawn one by the misfit, of which the last
 * point tells a part.
 */
export function posteriorOf(evidence: Evidence, particles: Particles): Posterior {
  const { observations, shared, unit } = evidence;
  const precision = observations.reduce((sum, { variance }) => sum + 1 / variance, 0);
  const share = shared / (1 + shared * precision);
  const last = observations.at(-1)?.variance ?? 1;
  const at = observations.map(({ images }) => Math.log(images / unit));
  const logs = new Float64Array(particles.size);
  const deviations = new Float64Array(particles.size);
  const metrics = observations.map(({ metric }) => metric);
  const precisions = observations.map(({ variance }) => 1 / variance);
  for (let i = 0; i < particles.size; i += 1) {
    let squares = 0;
    let sum = 0;
    let residual = 0;
    for (let j = 0; j < metrics.length; j += 1) {
      residual = (metrics[j] ?? 0) - metricAt(particles, i, at[j] ?? 0);
      const told = residual * (precisions[j] ?? 0);
      squares += residual * told;
      sum += told;
    }
    logs[i] = -(squares - share * sum * sum) / 2;
    deviations[i] = (MISFIT ** 2 * (residual - share * sum)) / last;
  }
  const told = MISFIT ** 4 * (1 / last - share / last ** 2);
  return { particles, unit, ...weigh(logs, deviations), deviationSd: Math.sqrt(MISFIT ** 2 - told) };
}

function weigh(logs: Float64Array, deviations: Float64Array) {
  const most = logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const kept: number[] = [];
  for (const [i, log] of logs.entries()) if (Math.exp(log - most) > NEGLIGIBLE) kept.push(i);
  const raw = kept.map((i) => Math.exp((logs[i] ?? 0) - most));
  const sum = raw.reduce((a, b) => a + b, 0);
  const weights = raw.map((weight) => weight / sum);
  const effective = 1 / weights.reduce((total, weight) => total + weight * weight, 0);
  return { kept, weights, effective, deviation: kept.map((i) => deviations[i] ?? 0) };
}

/** The metric of each kept curve with so many images, 0–1. */
export function metricsAt({ particles, unit, kept }: Posterior, images: number): number[] {
  const x = Math.log(images / unit);
  return kept.map((i) => metricAt(particles, i, x));
}

/** Probability that the true metric now, with `images`, is at least a bar: a function of the bar. */
export function probabilityNow(posterior: Posterior, images: number): (bar: number) => number {
  const { weights, deviation, deviationSd } = posterior;
  const centres = metricsAt(posterior, images).map((metric, at) => metric + (deviation[at] ?? 0));
  const spread = Math.max(1e-9, deviationSd);
  return (bar) => {
    let sum = 0;
    for (const [at, centre] of centres.entries()) sum += (weights[at] ?? 0) * normalBelow((centre - bar) / spread);
    return sum;
  };
}

/** Probability that the metric with `images` is at least `bar`. */
export function probabilityAt(posterior: Posterior, images: number, bar: number): number {
  return metricsAt(posterior, images).reduce(
    (sum, metric, at) => sum + (metric >= bar ? (posterior.weights[at] ?? 0) : 0),
    0,
  );
}

/** The value below which the share `part` of the weight lies. */
function quantile(values: readonly number[], weights: readonly number[]): (part: number) => number {
  const bins = new Float64Array(BINS + 1);
  for (const [at, value] of values.entries()) {
    const bin = Math.min(BINS, Math.max(0, Math.round(value * BINS)));
    bins[bin] = (bins[bin] ?? 0) + (weights[at] ?? 0);
  }
  return (part) => {
    let sum = 0;
    for (const [bin, weight] of bins.entries()) {
      sum += weight;
      if (sum >= part) return bin / BINS;
    }
    return 1;
  };
}

/** The 80 % interval of the metric with `images`, with its median, to a thousandth. */
export function rangeAt(posterior: Posterior, images: number): Range80 {
  const at = quantile(metricsAt(posterior, images), posterior.weights);
  return { low: at(0.1), median: at(0.5), high: at(0.9) };
}

/** The 80 % interval of the true metric now, the last point told; to a thousandth. */
export function rangeNow(posterior: Posterior, images: number): Range80 {
  const above = probabilityNow(posterior, images);
  const level = (part: number) => {
    let [low, high] = [0, 1];
    while (high - low > 0.5 / BINS) {
      const middle = (low + high) / 2;
      if (above(middle) > 1 - part) low = middle;
      else high = middle;
    }
    return Math.round(((low + high) / 2) * BINS) / BINS;
  };
  return { low: level(0.1), median: level(0.5), high: level(0.9) };
}
