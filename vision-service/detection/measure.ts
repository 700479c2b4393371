import type { FoundBox, TrueBox } from '../../loop/detection-metric.ts';
import { type DetectorPerformance, detectionPerformance } from '../metrics/detection.ts';
import type { Box } from './boxes.ts';
import type { Detection } from './detector.ts';
import type { Truth } from './place-samples.ts';

/** Confidence from which a class of a box is told. */
const LEAST_CONFIDENCE = 0.05;
/** Tags of a picture that are told, all boxes together. */
const MOST_TAGS = 300;

/** A class that a box may show. */
export interface Finding {
  box: Box;
  label: number;
  confidence: number;
}

/** What is told of a picture: every class of every box that is sure enough, surest first, at most 300. */
export function findings(detections: readonly Detection[]): Finding[] {
  return detections
    .flatMap(({ box, confidences }) => [...confidences].map((confidence, label) => ({ box, label, confidence })))
    .filter(({ confidence }) => confidence >= LEAST_CONFIDENCE)
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, MOST_TAGS);
}

/** The contract's metrics of a detector: what was told of each picture against what is there. */
export function measure(
  found: readonly (readonly Finding[])[],
  truths: readonly (readonly Truth[])[],
  classes: readonly string[],
): DetectorPerformance {
  const foundBoxes = found.map((own) =>
    own.map(({ box, label, confidence }): FoundBox => ({ label, box: corners(box), score: confidence })),
  );
  const trueBoxes = truths.map((own) => own.map(({ box, label }): TrueBox => ({ label, box: corners(box) })));
  return detectionPerformance(foundBoxes, trueBoxes, classes);
}

/** Average precision at an overlap of 0.5 when all classes count as one, 0–1. */
export function objectPrecision(
  found: readonly (readonly { box: Box; score: number }[])[],
  truths: readonly (readonly Truth[])[],
): number {
  const all = found.map((own) => own.map(({ box, score }): Finding => ({ box, label: 0, confidence: score })));
  const one = truths.map((own) => own.map(({ box }): Truth => ({ box, label: 0 })));
  return measure(all, one, ['object']).meanAveragePrecision50;
}

function corners({ left, top, width, height }: Box): [number, number, number, number] {
  return [left, top, width, height];
}
