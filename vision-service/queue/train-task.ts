import { type LabelledDataset, readDataset } from '../data-access/dataset.ts';
import { classificationPerformance } from '../metrics/classification.ts';
import { serialiseClassifier } from '../training/classifier.ts';
import { type ClassifierTraining, NoFiniteHead, trainClassifier } from '../training/train-classifier.ts';
import { budgetMs, budgetUsedUp, requireBudget } from './budget.ts';
import { requireDatasetFor } from './dataset-kind.ts';
import { hasDiverged } from './divergence.ts';
import { type EmbeddedDataset, type EmbedProgress, embedDataset } from './embed-dataset.ts';
import { viewsOf } from './embed-views.ts';
import type { Engine } from './engine.ts';
import { evaluateClassifier } from './evaluate-task.ts';
import type { TrainResult, TrainTask } from './protocol.ts';
import { diverged, SEED, type TrainingWatch, usageOf } from './training-watch.ts';

/**
 * One training: reads and checks the dataset, embeds what is new, searches for the best head inside the budget, and
 * measures it on the test dataset if there is one, else on the hold-out of the chosen recipe.
 *
 * @throws {TaskFailure} `datasetCorrupt`, `notEnoughBudget` or `diverged`
 */
export async function runTraining(engine: Engine, task: TrainTask, watch: TrainingWatch): Promise<TrainResult> {
  requireDatasetFor(task.modelKind, task.training, 'datasetCorrupt');
  if (task.test) requireDatasetFor(task.modelKind, task.test, 'datasetCorrupt');
  const dataset = await readDataset(task.training, 'training', { access: engine.access, signal: watch.signal });
  requireBudget(task.modelKind, { images: dataset.images.length }, task.budgetHours);
  // A defect of the test dataset must show before time is spent.
  if (task.test) await readDataset(task.test, 'evaluation', { access: engine.access, signal: watch.signal });
  const embedded = await embedInBudget(engine, dataset, { task, watch });
  const trained = await trainHead(engine, { dataset, embedded }, { task, watch });
  const performance = task.test
    ? await evaluateClassifier(engine, trained.classifier, { test: task.test, signal: watch.signal })
    : holdOutPerformance(trained.holdOut, dataset.classes);
  return { trained: serialiseClassifier(trained.classifier), performance };
}

/** Undefined when nothing could be held out. */
function holdOutPerformance(holdOut: { scores: Float32Array[]; labels: number[] }, classes: readonly string[]) {
  return holdOut.labels.length === 0 ? undefined : classificationPerformance(holdOut.scores, holdOut.labels, classes);
}

interface Run {
  task: TrainTask;
  watch: TrainingWatch;
}

/** Embeds all images; a budget that ends before is too small, since a model of some of the images would not be the one asked for. */
function embedInBudget(engine: Engine, dataset: LabelledDataset, { task, watch }: Run): Promise<EmbeddedDataset> {
  const limit = budgetMs(task.budgetHours, task.minutesPerSecond);
  const onProgress = (progress: EmbedProgress) => {
    watch.onUsage(usageOf(progress, dataset));
    if (progress.computeMs <= limit || progress.done >= progress.total) return;
    const size = { images: dataset.images.length };
    throw budgetUsedUp({ ...progress, hours: task.budgetHours }, { kind: task.modelKind, size });
  };
  return embedDataset(engine, dataset, { purpose: 'training', watch: { signal: watch.signal, onProgress } });
}

async function trainHead(
  engine: Engine,
  { dataset, embedded }: { dataset: LabelledDataset; embedded: EmbeddedDataset },
  { task, watch }: Run,
) {
  const begun = performance.now();
  const report = () => {
    const headMs = performance.now() - begun;
    watch.onUsage({ ...usageOf({ ...embedded, computeMs: embedded.computeMs + headMs }, dataset), headMs });
  };
  const positions = new Map(dataset.classes.map((name, index) => [name, index]));
  try {
    const trained = await trainClassifier({
      features: embedded.features,
      labels: dataset.images.map(({ className }) => positions.get(className) ?? -1),
      classes: dataset.classes,
      // Copies of one image stay on one side of a fold, like the images of one group.
      groups: dataset.images.map(({ group }, i) => group ?? embedded.hashes[i] ?? ''),
      views: viewsOf(engine, dataset, { hashes: embedded.hashes, signal: watch.signal }),
      seed: SEED,
      budgetMs: Math.max(0, budgetMs(task.budgetHours, task.minutesPerSecond) - embedded.computeMs),
      signal: watch.signal,
      onProgress: report,
    });
    requireLearnt(trained, dataset);
    return trained;
  } catch (error) {
    throw error instanceof NoFiniteHead ? diverged(dataset, 'no recipe gave finite weights') : error;
  } finally {
    // Also what a cancelled training used since its last recipe.
    report();
  }
}

/** @throws {TaskFailure} `diverged` */
function requireLearnt({ classifier, holdOut }: ClassifierTraining, dataset: LabelledDataset): void {
  if (!hasDiverged(holdOut.scores, holdOut.labels)) return;
  throw diverged(
    dataset,
    `the best of ${classifier.search.tried} recipes (${classifier.recipe}) does not beat always answering the most frequent class on ${holdOut.labels.length} held-out predictions`,
  );
}
