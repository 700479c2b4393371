import type { ModelKind } from './contract.ts';

const MEGABYTE = 1024 * 1024;

/** What a dataset of one model kind may hold, and what a training of it may take. Sides are pixels; hours are compute hours. */
export interface KindQuotas {
  minTrainImagesPerClass: number;
  minEvaluationImagesPerClass: number;
  minClasses: number;
  maxClasses: number;
  maxTrainImages: number;
  maxEvaluationImages: number;
  /** Annotations of one image: tags of a classifier, boxes of a detector. */
  maxRegionsPerImage: number;
  maxImageBytes: number;
  trainSide: { min: number; max: number };
  evaluationSide: { min: number; max: number };
  maxTrainingHours: number;
}

/** What a vision service can do and what it demands, as data. */
export interface Capabilities {
  service: 'embedded' | 'hosted';
  modelKinds: readonly ModelKind[];
  quotas: Readonly<Record<ModelKind, KindQuotas>>;
  /** Bytes of an image that one prediction takes. */
  maxPredictBytes: number;
  /** A training can be cancelled. */
  cancel: boolean;
  /** The caller's own evaluation set is measured on. */
  ownEvaluationSet: boolean;
}

/** A training set as its budget sees it. `boxes` is the number of annotated boxes; a classifier has none. */
export interface TrainingSize {
  images: number;
  boxes?: number;
}

const IMAGE_LIMITS = {
  maxImageBytes: 20 * MEGABYTE,
  trainSide: { min: 10, max: 10_240 },
  evaluationSide: { min: 50, max: 16_000 },
} as const;

/** Quotas by model kind as documented for the contract (published FAQ, quota table and dataset checker). */
export const CONTRACT_QUOTAS: Readonly<Record<ModelKind, KindQuotas>> = {
  'Generic-Classifier': {
    ...IMAGE_LIMITS,
    minTrainImagesPerClass: 2,
    minEvaluationImagesPerClass: 1,
    minClasses: 2,
    maxClasses: 3000,
    maxTrainImages: 1_000_000,
    maxEvaluationImages: 100_000,
    maxRegionsPerImage: 1,
    maxTrainingHours: 336,
  },
  'Generic-Detector': {
    ...IMAGE_LIMITS,
    minTrainImagesPerClass: 2,
    minEvaluationImagesPerClass: 1,
    minClasses: 1,
    maxClasses: 1500,
    maxTrainImages: 200_000,
    maxEvaluationImages: 100_000,
    maxRegionsPerImage: 1000,
    maxTrainingHours: 1344,
  },
  'Product-Recognizer': {
    ...IMAGE_LIMITS,
    minTrainImagesPerClass: 1,
    minEvaluationImagesPerClass: 1,
    minClasses: 1,
    maxClasses: 1000,
    maxTrainImages: 50_000,
    maxEvaluationImages: 10_000,
    maxRegionsPerImage: 1000,
    maxTrainingHours: 336,
  },
};

/** The service that ships with deltaloop; it predicts up to 20 MB. */
export const EMBEDDED_CAPABILITIES: Capabilities = {
  service: 'embedded',
  modelKinds: ['Generic-Classifier', 'Generic-Detector', 'Product-Recognizer'],
  quotas: CONTRACT_QUOTAS,
  maxPredictBytes: 20 * MEGABYTE,
  cancel: true,
  ownEvaluationSet: true,
};

/** A hosted service that keeps the documented contract. */
export const HOSTED_CAPABILITIES: Capabilities = {
  ...EMBEDDED_CAPABILITIES,
  service: 'hosted',
  maxPredictBytes: 6 * MEGABYTE,
};

/**
 * Compute hours that a training takes at least, and how many times that gives the best quality (the published training FAQ,
 * the lower end of its ranges): 0.0003334 h an image for a classifier, 0.0066667 h for a detector, 0.0003334 h a box for products.
 */
const HOURS: Readonly<Record<ModelKind, { least: (size: TrainingSize) => number; bestQuality: number }>> = {
  'Generic-Classifier': { least: ({ images }) => images * 0.000_333_4, bestQuality: 5 },
  'Generic-Detector': { least: ({ images }) => images * 0.006_666_7, bestQuality: 3 },
  'Product-Recognizer': {
    least: ({ images, boxes = images }) => Math.max(images, boxes) * 0.000_333_4,
    bestQuality: 2,
  },
};

/** Smallest whole-hour budget that a training accepts; at least 1, never above the kind's longest training. */
export function minimumHours(kind: ModelKind, size: TrainingSize): number {
  return wholeHours(kind, HOURS[kind].least(size));
}

/** Whole-hour budget for best quality, never above the kind's longest training. */
export function suggestedHours(kind: ModelKind, size: TrainingSize): number {
  return wholeHours(kind, HOURS[kind].least(size) * HOURS[kind].bestQuality);
}

function wholeHours(kind: ModelKind, hours: number): number {
  return Math.min(CONTRACT_QUOTAS[kind].maxTrainingHours, Math.max(1, Math.ceil(hours)));
}
