import type { Task } from './metrics.ts';

/** Kinds of model that the vision API trains, under the names it gives them. */
export const MODEL_KINDS = ['Generic-Classifier', 'Generic-Detector', 'Product-Recognizer'] as const;
export type ModelKind = (typeof MODEL_KINDS)[number];

/** The model kind that solves a loop's task. */
export function modelKindOf({ task }: { task: Task }): ModelKind {
  return task === 'classification' ? 'Generic-Classifier' : 'Generic-Detector';
}
