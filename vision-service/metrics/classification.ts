import type { ModelPerformance } from '../../loop/metrics.ts';
import { argMax } from '../heads/vectors.ts';

const CALIBRATION_BINS = 15;

/** Every metric of a classifier; all 0–1. */
export type ClassifierPerformance = ModelPerformance & {
  accuracyTop1: number;
  accuracyTop5: number;
  averagePrecision: number;
  calibrationECE: number;
};

type Scores = readonly ArrayLike<number>[];

/**
 * The metrics that the vision API reports for a classifier, all 0–1, equal to those of the package vision-evaluation 0.2.14:
 * top-1 and top-5 accuracy, macro average precision, expected calibration error, and recall by class.
 *
 * @param scores one row an image, one probability a class
 * @param labels true class of each image
 * @param classes names in the order of the scores
 */
export function classificationPerformance(
  scores: Scores,
  labels: readonly number[],
  classes: readonly string[],
): ClassifierPerformance {
  return {
    accuracyTop1: topKAccuracy(scores, labels, 1),
    accuracyTop5: topKAccuracy(scores, labels, 5),
    averagePrecision: macroAveragePrecision(scores, labels, classes.length),
    calibrationECE: calibrationError(scores, labels),
    tagPerformance: tagPerformance(scores, labels, classes),
  };
}

/** Share of images whose true class is among the `k` highest scores, 0–1; the lower class index wins a tie. 0 without images. */
export function topKAccuracy(scores: Scores, labels: readonly number[], k: number): number {
  const hits = scores.filter((row, i) => isAmongTop(row, labels[i] ?? -1, k)).length;
  return scores.length > 0 ? hits / scores.length : 0;
}

/** Whether a class is among the `k` highest scores; the lower index wins a tie. */
function isAmongTop(row: ArrayLike<number>, label: number, k: number): boolean {
  const own = row[label];
  if (own === undefined) return false;
  const ahead = Array.from(row).filter((score, c) => score > own || (score === own && c < label)).length;
  return ahead < k;
}

/** Mean of the classes' average precisions (sum over thresholds of recall step × precision), of classes with a positive image. */
function macroAveragePrecision(scores: Scores, labels: readonly number[], classes: number): number {
  const present = Array.from({ length: classes }, (_, c) => c).filter((c) => labels.includes(c));
  const sum = present.reduce(
    (total, c) =>
      total +
      averagePrecision(
        columnOf(scores, c),
        labels.map((label) => label === c),
      ),
    0,
  );
  return present.length > 0 ? sum / present.length : 0;
}

/**
 * Average precision of one class: Σ (Rₙ − Rₙ₋₁) Pₙ over falling score thresholds, images of equal score taken together, without
 * interpolation. 0 without positives.
 */
export function averagePrecision(scores: readonly number[], positive: readonly boolean[]): number {
  const order = [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
  const positives = positive.filter(Boolean).length;
  let [hits, hitsBefore, sum] = [0, 0, 0];
  for (const [rank, image] of order.entries()) {
    if (positive[image] === true) hits += 1;
    const next = order[rank + 1];
    if (next !== undefined && scores[next] === scores[image]) continue;
    sum += ((hits - hitsBefore) * hits) / (rank + 1);
    hitsBefore = hits;
  }
  return positives > 0 ? sum / positives : 0;
}

/**
 * Expected calibration error of the highest score: over 15 equal bins (low, high], Σ |right − Σ confidence| / images. A
 * confidence of exactly 0 falls into no bin. Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (2015).
 */
function calibrationError(scores: Scores, labels: readonly number[]): number {
  const gaps = Array.from({ length: CALIBRATION_BINS + 1 }, () => 0);
  for (const [i, row] of scores.entries()) {
    const winner = argMax(Array.from(row));
    const confidence = row[winner] ?? 0;
    const bin = Math.min(Math.max(Math.ceil(confidence * CALIBRATION_BINS), 0), CALIBRATION_BINS);
    if (bin > 0) gaps[bin] = (gaps[bin] ?? 0) + (winner === labels[i] ? 1 : 0) - confidence;
  }
  return scores.length > 0 ? gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / scores.length : 0;
}

/** Recall of each class by name, 0–1; a class without images keeps 0. */
function tagPerformance(scores: Scores, labels: readonly number[], classes: readonly string[]) {
  const winners = scores.map((row) => argMax(Array.from(row)));
  const entries = classes.map((name, c) => {
    const own = winners.filter((_, i) => labels[i] === c);
    const right = own.filter((winner) => winner === c).length;
    return [name, { accuracy: own.length > 0 ? right / own.length : 0 }] as const;
  });
  return Object.fromEntries(entries);
}

function columnOf(scores: Scores, column: number): number[] {
  return scores.map((row) => row[column] ?? 0);
}
