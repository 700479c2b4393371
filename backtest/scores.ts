import type { Curve } from './curve.ts';
import { metricAt } from './curve.ts';
import type { Ended } from './simulate.ts';
import { REACHES, type Reach, type Target } from './targets.ts';

/** A claim counts as true down to this much below the target. */
export const TOLERANCE = 0.01;
const SHARE_ATTAINABLE = 0.75;

/** One run in the numbers that scores are made of. */
export interface RunScore {
  dataset: string;
  kind: Target['kind'];
  claimed: boolean;
  /** Claimed and true, of an attainable target. */
  success: boolean;
  /** Claimed and false, of any target. */
  wrong: boolean;
  /** Images, and cost, over those of somebody who knows the curve; only told of a success. */
  imagesRatio: number;
  costRatio: number;
  rounds: number;
  /** Share of the images between the first round and the cap that was bought, 0–1. */
  bought: number;
  /** What was spent beyond the oracle, in caps, and one more where an attainable target was not met. */
  regret: number;
}

/** Reads one run against the truth. The oracle buys what the target needs in two rounds, or gives up after the first. */
export function scoreRun(curve: Curve, target: Target, ended: Ended): RunScore {
  const { start, cap, dataset } = curve;
  const { images, cost, rounds } = ended;
  const claimed = ended.end === 'claim';
  const met = metricAt(curve, images) >= target.value - TOLERANCE;
  const oracle = target.needed === null ? 2 * start : target.needed + 2 * start;
  const success = claimed && met;
  return {
    dataset,
    kind: target.kind,
    claimed,
    success,
    wrong: claimed && !met,
    imagesRatio: images / (target.needed ?? Number.NaN),
    costRatio: cost / oracle,
    rounds,
    bought: (images - start) / (cap - start),
    regret: (cost - oracle) / cap + (target.needed !== null && !success ? 1 : 0),
  };
}

/** The row of a policy; NaN where there is nothing to take it from. */
export interface Scores {
  /** Share of attainable targets claimed and met, 0–1: all, and by how far off they are. */
  success: number;
  near: number;
  mid: number;
  far: number;
  /** Share of all claims that are false, 0–1. */
  wrong: number;
  /** Share of all runs that gave up, 0–1. */
  gaveUp: number;
  /** Over the oracle’s, geometric mean over successes, and the 90th percentile. */
  images: number;
  imagesP90: number;
  cost: number;
  /** Mean over all runs. */
  rounds: number;
  /** For unattainable targets: share of the images up to the cap that was bought. */
  bought: number;
  boughtMedian: number;
  /** ¾ attainable and ¼ unattainable targets, in caps. */
  regret: number;
}

export function scoresOf(runs: readonly RunScore[]): Scores {
  const unattainable = runs.filter(({ kind }) => kind === 'unattainable');
  const attainable = runs.filter(({ kind }) => kind !== 'unattainable');
  const claims = runs.filter(({ claimed }) => claimed);
  const successes = runs.filter(({ success }) => success);
  const ratios = successes.map(({ imagesRatio }) => imagesRatio);
  const bought = unattainable.map((run) => run.bought);
  return {
    success: meanOf(attainable.map(({ success }) => Number(success))),
    ...byReach(attainable),
    wrong: meanOf(claims.map(({ wrong }) => Number(wrong))),
    gaveUp: 1 - claims.length / runs.length,
    images: geometricMean(ratios),
    imagesP90: quantile(ratios, 0.9),
    cost: geometricMean(successes.map(({ costRatio }) => costRatio)),
    rounds: meanOf(runs.map(({ rounds }) => rounds)),
    bought: meanOf(bought),
    boughtMedian: quantile(bought, 0.5),
    regret: weighted(meanOf(attainable.map(({ regret }) => regret)), meanOf(unattainable.map(({ regret }) => regret))),
  };
}

function byReach(attainable: readonly RunScore[]): Record<Reach, number> {
  const share = (reach: Reach) =>
    meanOf(attainable.filter(({ kind }) => kind === reach).map(({ success }) => Number(success)));
  const [near, mid, far] = REACHES.map(share);
  return { near: near ?? Number.NaN, mid: mid ?? Number.NaN, far: far ?? Number.NaN };
}

/** Where targets of one kind only were tried, the other has no say. */
function weighted(attainable: number, unattainable: number): number {
  if (Number.isNaN(attainable)) return unattainable;
  if (Number.isNaN(unattainable)) return attainable;
  return SHARE_ATTAINABLE * attainable + (1 - SHARE_ATTAINABLE) * unattainable;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(meanOf(values.map(Math.log)));
}

/** Linear between the sorted values; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}
