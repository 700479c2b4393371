import type { Kernels } from '../heads/kernels.ts';
import { type LinearHead, logits, softmax } from '../heads/linear-head.ts';
import { LogisticRegression } from '../heads/logistic.ts';
import {
  allowsSquareRoot,
  applyTransform,
  centred,
  centreOf,
  type Transform,
  unitFeatures,
} from '../heads/transform.ts';

/** What tells the class of a crop from its features: classes, and the background last. */
export interface CropHead {
  transform: Transform;
  head: LinearHead;
}

/** Features of crops and what they show; the label after the last class is the background. */
export interface CropSamples {
  features: readonly Float32Array[];
  labels: readonly number[];
  /** Number of classes without the background. */
  classes: number;
}

/** Multinomial logistic regression on features as the classifier sees them: root, unit length, centred, unit length. */
export async function trainCropHead(
  { features, labels, classes }: CropSamples,
  { lambda, kernels, pause }: { lambda: number; kernels: Kernels; pause: () => Promise<void> },
): Promise<CropHead> {
  const squareRoot = allowsSquareRoot(features);
  const units = features.map((feature) => unitFeatures(feature, squareRoot));
  const mean = centreOf(units);
  const rows = units.map((unit) => centred(unit, mean));
  const regression = new LogisticRegression({ rows, labels, classes: classes + 1 }, kernels);
  return { transform: { squareRoot, mean }, head: await regression.fit({ lambda, pause }) };
}

/** Probabilities of the classes, the background last; they sum to 1. */
export function cropScores({ transform, head }: CropHead, feature: Float32Array): Float32Array {
  return Float32Array.from(softmax(logits(head, applyTransform(transform, feature))));
}
