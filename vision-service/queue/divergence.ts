/** Fewer held-out predictions than this never count as diverged. */
const MIN_PREDICTIONS = 30;
const SIGNIFICANCE = 0.05;

/**
 * Whether a search learnt nothing: at least 30 held-out predictions exist and they do not beat always answering the
 * most frequent class, by the exact one-sided binomial test at 5 %; or a score is not finite.
 *
 * @param scores one row an image, one probability a class
 * @param labels true class of each image
 */
export function hasDiverged(scores: readonly Float32Array[], labels: readonly number[]): boolean {
  if (scores.some((row) => row.some((score) => !Number.isFinite(score)))) return true;
  if (labels.length < MIN_PREDICTIONS) return false;
  const right = scores.filter((row, i) => row.indexOf(Math.max(...row)) === labels[i]).length;
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
