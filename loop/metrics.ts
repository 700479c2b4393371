import { z } from 'zod';

/** What a loop's models do: give a whole image its class, or find objects and their boxes. */
export const TASKS = ['classification', 'detection'] as const;
export type Task = (typeof TASKS)[number];

/** Metrics that a loop can aim at, under the names the vision API gives them. All values are 0–1. */
export const TARGET_METRICS = [
  'accuracyTop1',
  'accuracyTop5',
  'meanAveragePrecision30',
  'meanAveragePrecision50',
  'meanAveragePrecision75',
] as const;
export type TargetMetric = (typeof TARGET_METRICS)[number];

/** The metrics of each task; the first is what a spec means that names none. */
export const METRICS_OF = {
  classification: ['accuracyTop1', 'accuracyTop5'],
  detection: ['meanAveragePrecision50', 'meanAveragePrecision30', 'meanAveragePrecision75'],
} as const satisfies Record<Task, readonly TargetMetric[]>;

/** Metrics that are made of one verdict (right or wrong) an image. */
export type VerdictMetric = (typeof METRICS_OF)['classification'][number];

/** Whether a metric is made of verdicts. */
export function isVerdictMetric(metric: TargetMetric): metric is VerdictMetric {
  return METRICS_OF.classification.some((name) => name === metric);
}

/** Overlap (intersection over union, 0–1) from which a box counts as found; null for a metric of whole images. */
export function overlapOf(metric: string): number | null {
  const percent = /^meanAveragePrecision(\d+)$/.exec(metric)?.[1];
  return percent === undefined ? null : Number(percent) / 100;
}

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
