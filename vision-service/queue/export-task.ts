import { zipSync } from 'fflate';
import type { ModelPerformance } from '../../loop/metrics.ts';
import { exportClassifier } from '../training/export-classifier.ts';
import type { Engine } from './engine.ts';
import { TaskFailure } from './failure.ts';
import type { TrainedModel } from './trained-models.ts';

/** What all backbones have in common; the hash covers the rest. */
const PREPROCESSING = 'upright, RGB on white, stretched to a square; equal hashes of backbones make equal features';

/** A trained classifier as one ZIP file, for use without this service. */
export function exportModel(
  { backbone: { name, hash } }: Engine,
  model: TrainedModel,
  performance: ModelPerformance | undefined,
): Uint8Array {
  if ('detector' in model) throw new TaskFailure('incorrectModelKind', 'Only classifiers can be exported.');
  const { classifier } = model;
  const files = exportClassifier({ classifier, performance, backbone: { name, hash, preprocessing: PREPROCESSING } });
  return zipSync(Object.fromEntries(files.map((file) => [file.name, file.bytes])));
}
