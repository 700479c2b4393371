import { randomNumbers } from '../loop/random.ts';
import { type MeasuredPoint, metricBetween } from './curve.ts';

/** An evaluation set: looks at a model whose true metric is known, and sees it with an error. */
export interface Evaluation {
  /** Size of the set; null where there is none, and the metric is that of a hold-out. */
  images: number | null;
  /** The metric (0–1) as measured of a model trained on so many images, whose true metric (0–1) is known. */
  look: (truth: number, trainedOn: number) => number;
}

/** New evaluation images at every look: the errors of two looks have nothing in common. */
export function independentEvaluation(images: number, seed: number): Evaluation {
  const random = randomNumbers(seed);
  return { images, look: (truth) => shareBelow(truth, images, random) };
}

/**
 * One frozen set: each image has a difficulty, drawn once, and is judged right by every model whose true metric exceeds it. The error is
 * that of the set, all looks share it, and a better model never measures worse.
 */
export function frozenEvaluation(images: number, seed: number): Evaluation {
  const difficulties = Float64Array.from({ length: images }, randomNumbers(seed));
  return { images, look: (truth) => difficulties.filter((difficulty) => difficulty < truth).length / images };
}

/** What was really measured, whatever the truth: linear in ln n between the measured points. */
export function recordedEvaluation(images: number | null, measured: readonly MeasuredPoint[]): Evaluation {
  return { images, look: (_truth, trainedOn) => metricBetween(measured, trainedOn) };
}

function shareBelow(truth: number, images: number, random: () => number): number {
  let right = 0;
  for (let image = 0; image < images; image += 1) if (random() < truth) right += 1;
  return right / images;
}

/** A seed of its own for each name (FNV-1a, 32 bits), so that a run's luck depends on nothing that ran before it. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const sign of name) hash = Math.imul(hash ^ (sign.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
