import { zipSync } from 'fflate';
import type { ModelPerformance } from '../../loop/metrics.ts';
import { exportDetector } from '../detection/export-detector.ts';
import { exportClassifier } from '../training/export-classifier.ts';
import type { Engine } from './engine.ts';
import type { TrainedModel } from './trained-models.ts';

/** What all backbones have in common; the hash covers the rest. */
const PREPROCESSING = 'upright, RGB on white, stretched to a square; equal hashes of backbones make equal features';

/**
 * A trained model as one ZIP file, for use without this service.
 *
 * @param performance what was measured when it was trained, if anything was
 */
export function exportModel(
  { backbone: { name, hash, side, cropSide } }: Engine,
  model: TrainedModel,
  performance: ModelPerformance | undefined,
): Uint8Array {
  const backbone = { name, hash, side, preprocessing: PREPROCESSING };
  const files =
    'detector' in model
      ? exportDetector({ ...model, performance, backbone: { ...backbone, cropSide } })
      : exportClassifier({ ...model, performance, backbone });
  return zipSync(Object.fromEntries(files.map((file) => [file.name, file.bytes])));
}
