import type { ModelKind } from '../../vision/contract.ts';
import type { DatasetSource } from '../data-access/dataset.ts';
import { TaskFailure } from './failure.ts';

/**
 * Refuses a dataset that is not of the kind that a model takes: classifiers take tags, detectors boxes.
 *
 * @throws {TaskFailure} with that code
 */
export function requireDatasetFor(model: ModelKind, { name, annotationKind }: DatasetSource, code: string): void {
  const needed = model === 'Generic-Classifier' ? 'imageClassification' : 'imageObjectDetection';
  if (annotationKind === needed) return;
  throw new TaskFailure(code, `Dataset "${name}" is of the kind ${annotationKind}; a ${model} needs ${needed}.`);
}
