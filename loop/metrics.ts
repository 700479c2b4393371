import { z } from 'zod';

/** Metrics that a loop can aim at, under the names the vision API gives them. All values are 0–1. */
export const TARGET_METRICS = ['accuracyTop1', 'accuracyTop5'] as const;
export type TargetMetric = (typeof TARGET_METRICS)[number];

/** What an evaluation, or a training's hold-out, reports for a classifier. Every value is 0–1. */
export const ModelPerformanceSchema = z.looseObject({
  accuracyTop1: z.number().optional(),
  accuracyTop5: z.number().optional(),
  averagePrecision: z.number().optional(),
  calibrationECE: z.number().optional(),
  tagPerformance: z.record(z.string(), z.looseObject({ accuracy: z.number().optional() })),
});
export type ModelPerformance = z.infer<typeof ModelPerformanceSchema>;
