import type { ModelPerformance } from '../../loop/metrics.ts';
import { type BoxedDataset, readBoxes } from '../data-access/dataset.ts';
import type { DetectorKind } from '../detection/detector.ts';
import { hasLearntNothing } from '../detection/divergence.ts';
import { measure } from '../detection/measure.ts';
import { serialiseDetector } from '../detection/serialise.ts';
import { type DetectorTraining, trainDetector } from '../detection/train-detector.ts';
import { type BoxPictures, type LookProgress, openPictures } from './box-pictures.ts';
import { budgetMs, budgetUsedUp, requireBudget } from './budget.ts';
import { requireDatasetFor } from './dataset-kind.ts';
import type { DetectionEngine } from './engine.ts';
import { evaluateDetector } from './evaluate-detector.ts';
import type { TrainResult, TrainTask } from './protocol.ts';
import { diverged, SEED, type TrainingWatch, usageOf } from './training-watch.ts';

interface Run {
  kind: DetectorKind;
  task: TrainTask;
  watch: TrainingWatch;
}

/**
 * One training of a detector: reads and checks the dataset, makes what maps are new, trains inside the budget, and measures on the
 * test dataset if there is one, else on what was held out.
 *
 * @throws {TaskFailure} `datasetCorrupt`, `notEnoughBudget` or `diverged`
 */
export async function runDetectorTraining(engine: DetectionEngine, run: Run): Promise<TrainResult> {
  const { kind, task, watch } = run;
  const reading = { access: engine.access, signal: watch.signal };
  requireDatasetFor(kind, task.training, 'datasetCorrupt');
  if (task.test) requireDatasetFor(kind, task.test, 'datasetCorrupt');
  const dataset = await readBoxes(task.training, { kind, purpose: 'training' }, reading);
  requireBudget(kind, sizeOf(dataset), task.budgetHours);
  // A defect of the test dataset must show before time is spent.
  if (task.test) await readBoxes(task.test, { kind, purpose: 'evaluation' }, reading);
  const pictures = await lookInBudget(engine, dataset, run);
  const trained = await train(engine, { dataset, pictures }, run);
  const performance: ModelPerformance | undefined = task.test
    ? await evaluateDetector(engine, trained.detector, { test: task.test, signal: watch.signal })
    : trained.holdOut && measure(trained.holdOut.found, trained.holdOut.truths, dataset.classes);
  return { trained: serialiseDetector(trained.detector), performance };
}

function sizeOf({ images }: BoxedDataset): { images: number; boxes: number } {
  return { images: images.length, boxes: images.reduce((sum, { objects }) => sum + objects.length, 0) };
}

/** Looks at all images; a budget that ends before is too small. */
function lookInBudget(
  engine: DetectionEngine,
  dataset: BoxedDataset,
  { kind, task, watch }: Run,
): Promise<BoxPictures> {
  const limit = budgetMs(task.budgetHours, task.minutesPerSecond);
  const onProgress = (progress: LookProgress) => {
    watch.onUsage(usageOf(progress, dataset));
    if (progress.computeMs <= limit || progress.done >= progress.total) return;
    throw budgetUsedUp({ ...progress, hours: task.budgetHours }, { kind, size: sizeOf(dataset) });
  };
  return openPictures(engine, dataset, { purpose: 'training', watch: { signal: watch.signal, onProgress } });
}

async function train(
  engine: DetectionEngine,
  { dataset, pictures }: { dataset: BoxedDataset; pictures: BoxPictures },
  { kind, task, watch }: Run,
): Promise<DetectorTraining> {
  const begun = performance.now();
  const used = () => pictures.computeMs + performance.now() - begun - pictures.waitedMs();
  const report = () => watch.onUsage(usageOf({ ...pictures, computeMs: used() }, dataset));
  const labels = new Map(dataset.classes.map((name, index) => [name, index]));
  try {
    const trained = await trainDetector({
      kind,
      pictures: pictures.sights.map((sight, i) => {
        const { objects = [], group } = dataset.images[i] ?? {};
        const truths = objects.map(({ className, box }) => ({ label: labels.get(className) ?? -1, box }));
        // Copies of one image stay on one side of a fold, like the images of one group.
        return { ...sight, truths, group: group ?? pictures.hashes[i] ?? '' };
      }),
      classes: dataset.classes,
      seed: SEED,
      threads: engine.threads,
      affordable: () => used() < budgetMs(task.budgetHours, task.minutesPerSecond),
      signal: watch.signal,
      onProgress: report,
    });
    requireLearnt(trained, dataset);
    return trained;
  } finally {
    // Also what a cancelled training used since its last step.
    report();
  }
}

/** @throws {TaskFailure} `diverged` */
function requireLearnt({ finite, holdOut, detector }: DetectorTraining, dataset: BoxedDataset): void {
  if (!finite) throw diverged(dataset, 'no finite weights came out');
  if (holdOut === undefined || !hasLearntNothing(holdOut)) return;
  const objects = holdOut.truths.reduce((sum, own) => sum + own.length, 0);
  throw diverged(
    dataset,
    `what the best recipe (${detector.recipe}) finds on held-out images with ${objects} objects fits them no better than it fits other images`,
  );
}
