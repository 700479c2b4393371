import type { ModelPerformance } from '../../loop/metrics.ts';
import { type BoxedDataset, type DatasetSource, readBoxes } from '../data-access/dataset.ts';
import { detect, type TrainedDetector } from '../detection/detector.ts';
import { type Finding, findings, measure } from '../detection/measure.ts';
import { openPictures } from './box-pictures.ts';
import { requireDatasetFor } from './dataset-kind.ts';
import type { DetectionEngine } from './engine.ts';
import { knownClasses } from './known-classes.ts';

/**
 * Measures a detector on a dataset. Classes are matched by name; one that the dataset lacks is allowed.
 *
 * @throws {TaskFailure} `incorrectModelKind` for a dataset of tags, `datasetCorrupt`, `datasetEmpty`, or
 * `datasetAnnotationsInvalid` for classes the model does not know
 */
export async function evaluateDetector(
  engine: DetectionEngine,
  detector: TrainedDetector,
  { test, signal }: { test: DatasetSource; signal: AbortSignal },
): Promise<ModelPerformance> {
  requireDatasetFor(detector.kind, test, 'incorrectModelKind');
  const wanted = { kind: detector.kind, purpose: 'evaluation' } as const;
  const dataset = await readBoxes(test, wanted, { access: engine.access, signal });
  const truths = truthsFor(detector.classes, dataset);
  const { sights } = await openPictures(engine, dataset, { purpose: 'evaluation', watch: { signal } });
  const found: Finding[][] = [];
  for (const sight of sights) {
    signal.throwIfAborted();
    found.push(findings(await detect(detector, sight, engine.kernels)));
  }
  return measure(found, truths, detector.classes);
}

function truthsFor(classes: readonly string[], { name, images }: BoxedDataset) {
  const used = images.flatMap(({ objects }) => objects.map(({ className }) => className));
  const labelOf = knownClasses(classes, { name, used });
  return images.map(({ objects }) => objects.map(({ className, box }) => ({ label: labelOf(className), box })));
}
