import type { Quotas } from '../data/quotas.ts';
import type { Capabilities } from '../vision/capabilities.ts';
import type { ModelKind } from '../vision/contract.ts';

/** What a service demands of a training set for a model kind, in the words of the dataset checks. */
export function trainingQuotas(capabilities: Capabilities, kind: ModelKind): Quotas {
  const { minClasses, maxClasses, maxImageBytes, trainSide, ...quotas } = capabilities.quotas[kind];
  return {
    minClasses,
    maxClasses,
    maxImageBytes,
    minSide: trainSide.min,
    maxSide: trainSide.max,
    maxBoxes: quotas.maxRegionsPerImage,
    minImagesPerClass: quotas.minTrainImagesPerClass,
    maxImages: quotas.maxTrainImages,
  };
}

/** What a service demands of an evaluation set whose images are also predicted one by one. */
export function evaluationQuotas(capabilities: Capabilities, kind: ModelKind): Quotas {
  const { minClasses, maxClasses, maxImageBytes, evaluationSide, ...quotas } = capabilities.quotas[kind];
  return {
    minClasses,
    maxClasses,
    minSide: evaluationSide.min,
    maxSide: evaluationSide.max,
    maxImageBytes: Math.min(maxImageBytes, capabilities.maxPredictBytes),
    maxBoxes: quotas.maxRegionsPerImage,
    minImagesPerClass: quotas.minEvaluationImagesPerClass,
    maxImages: quotas.maxEvaluationImages,
  };
}
