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
  const fitted = likelihood(fit);
  const { stretch, logs, deviationSd } = fitted;
  return { particles, unit, stretch, ...weigh(logs, deviationsOf(fit, fitted)), deviationSd };
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

interface Likelihood {
  stretch: number;
  /** Of each point, 1 / its variance; the last one's apart. */
  precisions: number[];
  last: number;
  /** What of the sum of all residuals, each times its precision, the common offset takes. */
  share: number;
  /** Of each curve, the log of its weight. */
  logs: Float64Array;
  deviationSd: number;
}

/** With the least factor on the straying of older points with which enough curves carry the weight; 1 where they do anyway. */
function likelihood(fit: Fit): Likelihood {
  const plain = stretched(fit, 1);
  if (isEnough(plain)) return plain;
  let found: Likelihood | null = null;
  let [low, high] = [0, Math.log(MOST_STRETCH)];
  for (let step = 0; step < HALVINGS; step += 1) {
    const middle = (low + high) / 2;
    const tried = stretched(fit, Math.exp(middle));
    if (isEnough(tried)) [high, found] = [middle, tried];
    else low = middle;
  }
  return found ?? stretched(fit, Math.exp(high));
}

function isEnough({ logs }: Likelihood): boolean {
  return effectiveOf(logs) >= ENOUGH_CURVES;
}

function stretched({ evidence, residuals, size }: Fit, stretch: number): Likelihood {
  const { observations, shared } = evidence;
  const count = observations.length;
  const precisions = observations.map(({ variance, stray }) => 1 / (variance + stretch * stray));
  const share = shared / (1 + shared * precisions.reduce((sum, precision) => sum + precision, 0));
  const last = precisions.at(-1) ?? 1;
  const logs = new Float64Array(size);
  for (let i = 0; i < size; i += 1) {
    let squares = 0;
    let sum = 0;
    for (let j = 0; j < count; j += 1) {
      const residual = residuals[i * count + j] ?? 0;
      const told = residual * (precisions[j] ?? 0);
      squares += residual * told;
      sum += told;
    }
    logs[i] = -(squares - share * sum * sum) / 2;
  }
  const told = MISFIT ** 4 * (last - share * last ** 2);
  return { stretch, precisions, last, share, logs, deviationSd: Math.sqrt(MISFIT ** 2 - told) };
}

/** How far the true curve probably stands above curve `i` at the last point. */
function deviationsOf({ evidence, residuals }: Fit, { precisions, last, share }: Likelihood): (i: number) => number {
  const count = evidence.observations.length;
  return (i) => {
    const of = residuals.subarray(i * count, (i + 1) * count);
    const sum = of.reduce((total, residual, j) => total + residual * (precisions[j] ?? 0), 0);
    return MISFIT ** 2 * ((of.at(-1) ?? 0) - share * sum) * last;
  };
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

function weigh(logs: Float64Array, deviation: (i: number) => number) {
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
  return { kept, weights, effective, deviation: kept.map(deviation) };
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
