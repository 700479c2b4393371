import type { ModelKind } from './contract.ts';

const MEGABYTE = 1024 * 1024;

/** What a vision service can do and what it demands, as data. Sides are pixels; hours are compute hours. */
export interface Capabilities {
  service: 'embedded' | 'hosted';
  modelKinds: readonly ModelKind[];
  minTrainImagesPerClass: number;
  minEvaluationImagesPerClass: number;
  minClasses: number;
  maxClasses: number;
  maxTrainImages: number;
  maxEvaluationImages: number;
  maxImageBytes: number;
  maxPredictBytes: number;
  trainSide: { min: number; max: number };
  evaluationSide: { min: number; max: number };
  maxTrainingHours: number;
  /** Compute hours an image costs at least; the wire takes whole hours. */
  hoursPerImage: number;
  /** A training can be cancelled. */
  cancel: boolean;
  /** The caller's own evaluation set is measured on. */
  ownEvaluationSet: boolean;
  /** Smallest whole-hour budget that a training of that many images accepts; at least 1. */
  minimumHours(images: number): number;
  /** Whole-hour budget for best quality (five times the minimum), never above `maxTrainingHours`. */
  suggestedHours(images: number): number;
}

/** Best quality takes 5–10 times the minimum for a classifier (the published training FAQ). */
const BEST_QUALITY_FACTOR = 5;

/** Quotas of `Generic-Classifier` as documented for the contract (published FAQ, quota table and dataset checker). */
const CONTRACT = {
  minTrainImagesPerClass: 2,
  minEvaluationImagesPerClass: 1,
  minClasses: 2,
  maxClasses: 2000,
  maxTrainImages: 1_000_000,
  maxEvaluationImages: 100_000,
  maxImageBytes: 20 * MEGABYTE,
  maxPredictBytes: 6 * MEGABYTE,
  trainSide: { min: 10, max: 10_240 },
  evaluationSide: { min: 50, max: 16_000 },
  maxTrainingHours: 336,
  hoursPerImage: 0.000_333_4,
  cancel: true,
  ownEvaluationSet: true,
} as const;

/** The service that ships with deltaloop: classifiers so far, and prediction up to 20 MB. */
export const EMBEDDED_CAPABILITIES: Capabilities = withHours({
  ...CONTRACT,
  service: 'embedded',
  modelKinds: ['Generic-Classifier'],
  maxPredictBytes: 20 * MEGABYTE,
});

/** A hosted service that keeps the documented contract. */
export const HOSTED_CAPABILITIES: Capabilities = withHours({
  ...CONTRACT,
  service: 'hosted',
  modelKinds: ['Generic-Classifier', 'Generic-Detector', 'Product-Recognizer'],
});

function withHours(quotas: Omit<Capabilities, 'minimumHours' | 'suggestedHours'>): Capabilities {
  const whole = (hours: number) => Math.max(1, Math.ceil(hours));
  return {
    ...quotas,
    minimumHours: (images) => whole(images * quotas.hoursPerImage),
    suggestedHours: (images) =>
      Math.min(quotas.maxTrainingHours, whole(images * quotas.hoursPerImage * BEST_QUALITY_FACTOR)),
  };
}
