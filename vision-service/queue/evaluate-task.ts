import type { ModelPerformance } from '../../loop/metrics.ts';
import { type DatasetSource, type LabelledDataset, readDataset } from '../data-access/dataset.ts';
import { classificationPerformance } from '../metrics/classification.ts';
import { predictScores, type TrainedClassifier } from '../training/classifier.ts';
import { requireDatasetFor } from './dataset-kind.ts';
import { embedDataset } from './embed-dataset.ts';
import type { Engine } from './engine.ts';
import { knownClasses } from './known-classes.ts';

/**
 * Measures a classifier on a dataset. Classes are matched by name; one that the dataset lacks is allowed.
 *
 * @throws {TaskFailure} `incorrectModelKind` for a dataset of boxes, `datasetCorrupt`, `datasetEmpty`, or `datasetAnnotationsInvalid` for classes the model does not know
 */
export async function evaluateClassifier(
  engine: Engine,
  classifier: TrainedClassifier,
  { test, signal }: { test: DatasetSource; signal: AbortSignal },
): Promise<ModelPerformance> {
  requireDatasetFor('Generic-Classifier', test, 'incorrectModelKind');
  const dataset = await readDataset(test, 'evaluation', { access: engine.access, signal });
  const labels = labelsFor(classifier.classes, dataset);
  const { features } = await embedDataset(engine, dataset, { purpose: 'evaluation', watch: { signal } });
  return classificationPerformance(predictScores(classifier, features), labels, classifier.classes);
}

function labelsFor(classes: readonly string[], { name, images }: LabelledDataset): number[] {
  const used = images.map(({ className }) => className);
  return used.map(knownClasses(classes, { name, used }));
}
