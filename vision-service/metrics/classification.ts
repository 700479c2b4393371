import type { ModelPerformance } from '../../loop/metrics.ts';
import { argMax } from '../heads/vectors.ts';

const CALIBRATION_BINS = 15;

/** Upper edges of the bins, after 0; multiples of a fifteenth, rounded as in the package. */
const BIN_EDGES = Array.from({ length: CALIBRATION_BINS + 1 }, (_, bin) => bin * (1 / CALIBRATION_BINS));

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
  const winners = scores.map((row) => argMax(Array.from(row)));
  return {
    accuracyTop1: topKAccuracy(scores, labels, 1),
    accuracyTop5: topKAccuracy(scores, labels, 5),
    averagePrecision: macroAveragePrecision(scores, labels, classes.length),
    calibrationECE: calibrationError(scores, winners, labels),
    tagPerformance: tagPerformance(winners, labels, classes),
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
  let ahead = 0;
  for (let c = 0; c < row.length; c += 1) {
    const score = row[c] ?? 0;
    if (score > own || (score === own && c < label)) ahead += 1;
  }
  return ahead < k;
}

/** Mean of the classes' average precisions, of classes with a positive image. */
function macroAveragePrecision(scores: Scores, labels: readonly number[], classes: number): number {
  const present = Array.from({ length: classes }, (_, c) => c).filter((c) => labels.includes(c));
  const precisions = present.map((c) => {
    const positive = labels.map((label) => label === c);
    return averagePrecision(columnOf(scores, c), positive);
  });
  return present.length > 0 ? precisions.reduce((sum, precision) => sum + precision, 0) / present.length : 0;
}

/**
 * Average precision of one class: Σ (Rₙ − Rₙ₋₁) Pₙ over falling score thresholds, images of equal score taken together, without
 * interpolation. 0 without positives. Every positive image brings the same step of recall, so this is the mean, over the positive
 * images, of the precision among all images that score at least as high.
 */
export function averagePrecision(scores: readonly number[], positive: readonly boolean[]): number {
  const all = Float64Array.from(scores).sort();
  const positives = Float64Array.from(scores.filter((_, image) => positive[image] === true)).sort();
  let [below, positivesBelow, sum] = [all.length, positives.length, 0];
  for (const threshold of positives.toReversed()) {
    while (below > 0 && (all[below - 1] ?? 0) >= threshold) below -= 1;
    while (positivesBelow > 0 && (positives[positivesBelow - 1] ?? 0) >= threshold) positivesBelow -= 1;
    sum += (positives.length - positivesBelow) / (all.length - below);
  }
  return positives.length > 0 ? sum / positives.length : 0;
}

/**
 * Expected calibration error of the highest score: over 15 equal bins (low, high], Σ |right − Σ confidence| / images. A confidence
 * of exactly 0, or above 1, falls into no bin. Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (2015).
 */
function calibrationError(scores: Scores, winners: readonly number[], labels: readonly number[]): number {
  const gaps = BIN_EDGES.map(() => 0);
  for (const [i, row] of scores.entries()) {
    const winner = winners[i] ?? 0;
    const confidence = row[winner] ?? 0;
    const bin = BIN_EDGES.findIndex((edge) => confidence <= edge);
    if (bin > 0) gaps[bin] = (gaps[bin] ?? 0) + (winner === labels[i] ? 1 : 0) - confidence;
  }
  return scores.length > 0 ? gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / scores.length : 0;
}

/** Recall of each class by name, 0–1; a class without images keeps 0. */
function tagPerformance(winners: readonly number[], labels: readonly number[], classes: readonly string[]) {
  const [images, right] = [classes.map(() => 0), classes.map(() => 0)];
  for (const [i, label] of labels.entries()) {
    images[label] = (images[label] ?? 0) + 1;
    if (winners[i] === label) right[label] = (right[label] ?? 0) + 1;
  }
  const entries = classes.map(
    (name, c) => [name, { accuracy: (right[c] ?? 0) / Math.max(images[c] ?? 0, 1) }] as const,
  );
  return Object.fromEntries(entries);
}

function columnOf(scores: Scores, column: number): number[] {
  return scores.map((row) => row[column] ?? 0);
}
