import { argMax } from '../heads/vectors.ts';

/** Fewer held-out predictions than this never count as diverged: a weak model is returned with its true metrics. */
const MIN_PREDICTIONS = 30;
const SIGNIFICANCE = 0.05;

/**
 * Whether a search learnt nothing: at least 30 out-of-fold predictions exist, and those of the chosen recipe are not right
 * significantly more often than always answering the most frequent class would be, by the exact one-sided binomial test at 5 %.
 *
 * What is compared: one test, of the recipe that the search chose. It was chosen among many by the likelihood of these same
 * images, which flatters its accuracy a little, so data on the border may pass; the share of the most frequent class is that of
 * the images held out.
 *
 * @param scores out-of-fold probabilities of the chosen recipe: one row an image, one entry a class
 * @param labels true class of each image
 */
export function hasDiverged(scores: readonly Float32Array[], labels: readonly number[]): boolean {
  if (labels.length < MIN_PREDICTIONS) return false;
  const right = scores.filter((row, i) => argMax(row) === labels[i]).length;
  return binomialTail(right, labels.length, majorityShare(labels)) >= SIGNIFICANCE;
}

function majorityShare(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values()) / labels.length;
}

/** P(X ≥ successes) for X ~ Binomial(trials, share), summed from logarithms so that large sets do not underflow. */
export function binomialTail(successes: number, trials: number, share: number): number {
  if (successes <= 0) return 1;
  if (share >= 1) return 1;
  const odds = Math.log(share) - Math.log1p(-share);
  let log = trials * Math.log1p(-share);
  let tail = 0;
  for (let k = 0; k <= trials; k++) {
    if (k >= successes) tail += Math.exp(log);
    log += Math.log((trials - k) / (k + 1)) + odds;
  }
  return Math.min(1, tail);
}
