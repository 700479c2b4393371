import { z } from 'zod';

/** Metrics that a loop can aim at, under the names the vision API gives them. All values are 0–1. */
export const TARGET_METRICS = ['accuracyTop1', 'accuracyTop5'] as const;
export type TargetMetric = (typeof TARGET_METRICS)[number];

/** Measures of one class, 0–1: recall of a classifier, average precision at an IoU of 0.5 of a detector. */
const TagPerformanceSchema = z.looseObject({
  accuracy: z.number().optional(),
  averagePrecision50: z.number().optional(),
});

/** What an evaluation, or a training's hold-out, reports. Every value is 0–1; a detector has the means, a classifier the rest. */
export const ModelPerformanceSchema = z.looseObject({
  accuracyTop1: z.number().optional(),
  accuracyTop5: z.number().optional(),
  averagePrecision: z.number().optional(),
  calibrationECE: z.number().optional(),
  meanAveragePrecision30: z.number().optional(),
  meanAveragePrecision50: z.number().optional(),
  meanAveragePrecision75: z.number().optional(),
  tagPerformance: z.record(z.string(), TagPerformanceSchema),
});
export type ModelPerformance = z.infer<typeof ModelPerformanceSchema>;
