import type { Range80 } from '../../loop/forecast.ts';
import { normalBelow } from '../normal.ts';
import { type Evidence, MISFIT } from './evidence.ts';
import { metricAt, type Particles } from './particles.ts';

/** Curves of less weight than this part of the heaviest decide nothing any more. */
const NEGLIGIBLE = 1e-5;
/** Curves that must carry the weight: fewer, and the luck of the draw decides. */
const ENOUGH_CURVES = 60;
/** With this factor on their straying, older points say nothing any more. */
const MOST_STRETCH = 1e4;
const HALVINGS = 8;
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
  /** What the variance by which older points stray was multiplied by so that enough do, at least 1. */
  stretch: number;
  /** How far the true curve probably stands above each kept one at the last point, and the standard deviation of that. */
  deviation: number[];
  deviationSd: number;
}

/**
 * Weighs the drawn curves by the points: a Gaussian likelihood in which every point has a variance of its own and all share one offset
 * (the Sherman–Morrison formula inverts that covariance). The true curve may deviate from a drawn one by the misfit, of which the last
 * point tells a part. Where hardly any curve fits all points, the older ones are trusted less until enough do.
 */
export function posteriorOf(evidence: Evidence, particles: Particles): Posterior {
  const { unit } = evidence;
  const fit: Fit = { evidence, residuals: residualsOf(evidence, particles), size: particles.size };
  const stretch = stretchOf(fit);
  const { logs, deviations, deviationSd } = likelihood(fit, stretch);
  return { particles, unit, stretch, ...weigh(logs, deviations), deviationSd };
}

interface Fit {
  evidence: Evidence;
  /** Measured less drawn, point by point of one curve after the other. */
  residuals: Float64Array;
  size: number;
}

function residualsOf({ observations, unit }: Evidence, particles: Particles): Float64Array {
  const count = observations.length;
  const residuals = new Float64Array(particles.size * count);
  for (const [j, { images, metric }] of observations.entries()) {
    const x = Math.log(images / unit);
    for (let i = 0; i < particles.size; i += 1) residuals[i * count + j] = metric - metricAt(particles, i, x);
  }
  return residuals;
}

/** The least factor on the straying of older points with which enough curves carry the weight; 1 where they do anyway. */
function stretchOf(fit: Fit): number {
  const enough = (stretch: number) => effectiveOf(likelihood(fit, stretch).logs) >= ENOUGH_CURVES;
  if (enough(1)) return 1;
  let [low, high] = [0, Math.log(MOST_STRETCH)];
  for (let step = 0; step < HALVINGS; step += 1) {
    const middle = (low + high) / 2;
    if (enough(Math.exp(middle))) high = middle;
    else low = middle;
  }
  return Math.exp(high);
}

function likelihood({ evidence, residuals, size }: Fit, stretch: number) {
  const { observations, shared } = evidence;
  const count = observations.length;
  const precisions = observations.map(({ variance, stray }) => 1 / (variance + stretch * stray));
  const share = shared / (1 + shared * precisions.reduce((sum, precision) => sum + precision, 0));
  const last = precisions.at(-1) ?? 1;
  const logs = new Float64Array(size);
  const deviations = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    let squares = 0;
    let sum = 0;
    let residual = 0;
    for (let j = 0; j < count; j += 1) {
      residual = residuals[i * count + j] ?? 0;
      const told = residual * (precisions[j] ?? 0);
      squares += residual * told;
      sum += told;
    }
    logs[i] = -(squares - share * sum * sum) / 2;
    deviations[i] = MISFIT ** 2 * (residual - share * sum) * last;
  }
  const told = MISFIT ** 4 * (last - share * last ** 2);
  return { logs, deviations, deviationSd: Math.sqrt(MISFIT ** 2 - told) };
}

function mostOf(logs: Float64Array): number {
  return logs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
}

/** (Σ weight)² / Σ weight². */
function effectiveOf(logs: Float64Array): number {
  const most = mostOf(logs);
  let [sum, squares] = [0, 0];
  for (const log of logs) {
    const weight = Math.exp(log - most);
    sum += weight;
    squares += weight * weight;
  }
  return (sum * sum) / squares;
}

function weigh(logs: Float64Array, deviations: Float64Array) {
  const most = mostOf(logs);
  const kept: number[] = [];
  const raw: number[] = [];
  for (const [i, log] of logs.entries()) {
    const weight = Math.exp(log - most);
    if (weight <= NEGLIGIBLE) continue;
    kept.push(i);
    raw.push(weight);
  }
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
