import { type LabelledDataset, readDataset } from '../data-access/dataset.ts';
import { classificationPerformance } from '../metrics/classification.ts';
import { serialiseClassifier, type TrainedClassifier } from '../training/classifier.ts';
import { trainClassifier } from '../training/train-classifier.ts';
import { budgetMs, requireBudget } from './budget.ts';
import { hasDiverged } from './divergence.ts';
import { type EmbeddedDataset, type Engine, embedDataset } from './embed-dataset.ts';
import { evaluateClassifier } from './evaluate-task.ts';
import { TaskFailure } from './failure.ts';
import type { TrainResult, TrainTask, Usage } from './protocol.ts';

/** One seed for all: the same images give the same model under any name. */
const SEED = 1;

/** How a training is stopped and tells what it has used. */
export interface TrainingWatch {
  signal: AbortSignal;
  onUsage: (usage: Usage) => void;
}

/**
 * One training: reads and checks the dataset, embeds what is new, searches for the best head inside the budget, and
 * measures it on the test dataset if there is one, else on the hold-out of the chosen recipe.
 *
 * @throws {TaskFailure} `datasetCorrupt`, `notEnoughBudget` or `diverged`
 */
export async function runTraining(engine: Engine, task: TrainTask, watch: TrainingWatch): Promise<TrainResult> {
  const dataset = await readDataset(task.training, 'training', { access: engine.access, signal: watch.signal });
  requireBudget(task.modelKind, { images: dataset.images.length }, task.budgetHours);
  // A defect of the test dataset must show before time is spent.
  if (task.test) await readDataset(task.test, 'evaluation', { access: engine.access, signal: watch.signal });
  const embedded = await embedDataset(engine, dataset, {
    purpose: 'training',
    watch: { signal: watch.signal, onProgress: (progress) => watch.onUsage(usageOf(progress, dataset)) },
  });
  const trained = await trainHead(dataset, embedded, { task, watch });
  const performance = task.test
    ? await evaluateClassifier(engine, trained.classifier, { test: task.test, signal: watch.signal })
    : holdOutPerformance(trained.holdOut, dataset.classes);
  return { classifier: serialiseClassifier(trained.classifier), performance };
}

/** Undefined when nothing could be held out. */
function holdOutPerformance(holdOut: { scores: Float32Array[]; labels: number[] }, classes: readonly string[]) {
  return holdOut.labels.length === 0 ? undefined : classificationPerformance(holdOut.scores, holdOut.labels, classes);
}

async function trainHead(
  dataset: LabelledDataset,
  embedded: EmbeddedDataset,
  { task, watch }: { task: TrainTask; watch: TrainingWatch },
) {
  const begun = performance.now();
  const report = () =>
    watch.onUsage(usageOf({ ...embedded, computeMs: embedded.computeMs + performance.now() - begun }, dataset));
  const positions = new Map(dataset.classes.map((name, index) => [name, index]));
  const trained = await trainClassifier({
    features: embedded.features,
    labels: dataset.images.map(({ className }) => positions.get(className) ?? -1),
    classes: dataset.classes,
    // Copies of one image stay on one side of a fold, like the images of one group.
    groups: dataset.images.map(({ group }, i) => group ?? embedded.hashes[i] ?? ''),
    seed: SEED,
    budgetMs: Math.max(0, budgetMs(task.budgetHours, task.minutesPerSecond) - embedded.computeMs),
    signal: watch.signal,
    onProgress: report,
  });
  report();
  if (hasDiverged(trained.holdOut.scores, trained.holdOut.labels)) throw diverged(trained, dataset);
  return trained;
}

function usageOf(used: { computeMs: number; computed: number }, dataset: LabelledDataset): Usage {
  return { computeMs: used.computeMs, embeddingsComputed: used.computed, images: dataset.images.length };
}

function diverged(trained: { classifier: TrainedClassifier; holdOut: { labels: number[] } }, dataset: LabelledDataset) {
  return new TaskFailure(
    'diverged',
    `Nothing was learnt from the ${dataset.images.length} images of dataset "${dataset.name}": the best recipe (${trained.classifier.recipe}) does not beat always answering the most frequent class on ${trained.holdOut.labels.length} held-out predictions. Check the annotations, or add images.`,
  );
}
