import type { Quotas } from '../data/quotas.ts';
import type { Capabilities } from '../vision/capabilities.ts';

/** What a service demands of a training set, in the words of the dataset checks. */
export function trainingQuotas(capabilities: Capabilities): Quotas {
  const { minClasses, maxClasses, maxImageBytes, trainSide } = capabilities;
  return {
    minClasses,
    maxClasses,
    maxImageBytes,
    minSide: trainSide.min,
    maxSide: trainSide.max,
    minImagesPerClass: capabilities.minTrainImagesPerClass,
    maxImages: capabilities.maxTrainImages,
  };
}

/** What a service demands of an evaluation set whose images are also predicted one by one. */
export function evaluationQuotas(capabilities: Capabilities): Quotas {
  const { minClasses, maxClasses, maxImageBytes, maxPredictBytes, evaluationSide } = capabilities;
  return {
    minClasses,
    maxClasses,
    minSide: evaluationSide.min,
    maxSide: evaluationSide.max,
    maxImageBytes: Math.min(maxImageBytes, maxPredictBytes),
    minImagesPerClass: capabilities.minEvaluationImagesPerClass,
    maxImages: capabilities.maxEvaluationImages,
  };
}
