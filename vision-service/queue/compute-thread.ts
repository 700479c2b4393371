import { parentPort, workerData } from 'node:worker_threads';
import type { Backbone } from '../backbones/backbone.ts';
import { BackboneError } from '../backbones/errors.ts';
import { loadBackbone } from '../backbones/load-backbone.ts';
import { BoundedCache } from '../bounded-cache.ts';
import { ImageFactsCache } from '../data-access/image-facts.ts';
import { DetectionKernels } from '../detection/kernels.ts';
import { EmbeddingCache } from '../embeddings.ts';
import { openEmbeddings, openStoreReadOnly } from '../store/database.ts';
import type { DetectionEngine } from './engine.ts';
import { evaluateDetector } from './evaluate-detector.ts';
import { evaluateClassifier } from './evaluate-task.ts';
import { BACKBONE_UNUSABLE, TaskFailure } from './failure.ts';
import { noRecognizer, predictObjects, recognizeProducts } from './predict-objects.ts';
import { predictImage } from './predict-task.ts';
import type { FromThread, Results, Task, ThreadSettings, ToThread, TrainResult, TrainTask, Usage } from './protocol.ts';
import { runDetectorTraining } from './train-detector-task.ts';
import { runTraining } from './train-task.ts';
import { TrainedModels } from './trained-models.ts';
import type { TrainingWatch } from './training-watch.ts';

/** The entry of a compute thread: everything that decodes, embeds, trains or scores happens here, never where HTTP is answered. */
const settings: ThreadSettings = workerData;
const port = parentPort;
if (port === null) throw new Error('This file is the entry of a worker thread');

const store = openStoreReadOnly(settings.storeFile);
const embeddings = openEmbeddings(settings.embeddingsFile);
const models = new TrainedModels(store);
/** Bytes on disk: of feature maps (about 360 kB an image) and of crops (about 2.5 kB each). */
const [MOST_MAPS, MOST_CROPS] = [1024 ** 3, 256 * 1024 ** 2];
const caches = {
  cache: new EmbeddingCache(embeddings),
  facts: new ImageFactsCache(embeddings),
  maps: new BoundedCache(embeddings, { table: 'place_maps', mostBytes: MOST_MAPS }),
  crops: new BoundedCache(embeddings, { table: 'crop_features', mostBytes: MOST_CROPS }),
};
const running = new Map<number, { controller: AbortController; ended: Promise<void> }>();
let backbone: Promise<Backbone> | undefined;
let kernels: Promise<DetectionKernels> | undefined;

async function engine(): Promise<DetectionEngine> {
  const { threads, access } = settings;
  backbone ??= loadBackbone(settings.backbone, { threads });
  kernels ??= DetectionKernels.open({ threads });
  return { backbone: await backbone, kernels: await kernels, ...caches, access, threads };
}

function send(message: FromThread): void {
  port?.postMessage(message);
}

async function execute(id: number, task: Task, signal: AbortSignal): Promise<Results[Task['kind']]> {
  const tools = await engine();
  switch (task.kind) {
    case 'warm-up':
      return { backbone: tools.backbone.name, dimensions: tools.backbone.dimensions };
    case 'train':
      return train(tools, task, { signal, onUsage: (usage: Usage) => send({ type: 'usage', id, usage }) });
    case 'evaluate': {
      const model = models.get(task.trainingId);
      if ('detector' in model) return evaluateDetector(tools, model.detector, { test: task.test, signal });
      return evaluateClassifier(tools, model.classifier, { test: task.test, signal });
    }
    case 'predict': {
      const model = models.get(task.trainingId);
      if ('detector' in model) return predictObjects(tools, model.detector, { image: task.image, signal });
      return predictImage(tools, model.classifier, { image: task.image, signal });
    }
    case 'recognize': {
      const model = models.get(task.trainingId);
      if ('detector' in model) return recognizeProducts(tools, model.detector, { image: task.image, signal });
      throw noRecognizer('Generic-Classifier');
    }
  }
}

function train(tools: DetectionEngine, task: TrainTask, watch: TrainingWatch): Promise<TrainResult> {
  const { modelKind: kind } = task;
  return kind === 'Generic-Classifier'
    ? runTraining(tools, task, watch)
    : runDetectorTraining(tools, { kind, task, watch });
}

function start(id: number, task: Task): void {
  const controller = new AbortController();
  running.set(id, { controller, ended: run(id, task, controller) });
}

async function run(id: number, task: Task, controller: AbortController): Promise<void> {
  try {
    send({ type: 'result', id, result: await execute(id, task, controller.signal) });
  } catch (error) {
    send(controller.signal.aborted ? { type: 'aborted', id } : failure(id, error));
  } finally {
    running.delete(id);
  }
}

function failure(id: number, error: unknown): FromThread {
  if (error instanceof BackboneError) {
    return { type: 'failure', id, code: BACKBONE_UNUSABLE, message: error.message, problems: [] };
  }
  if (error instanceof TaskFailure) {
    return { type: 'failure', id, code: error.code, message: error.message, problems: error.problems };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { type: 'failure', id, code: 'unknown', message, problems: [] };
}

async function close(): Promise<void> {
  const tasks = [...running.values()];
  for (const { controller } of tasks) controller.abort();
  // Native decoding and inference must not outlive the thread or its databases.
  await Promise.all(tasks.map(({ ended }) => ended));
  await (await backbone?.catch(() => undefined))?.close();
  await (await kernels?.catch(() => undefined))?.close();
  embeddings.close();
  store.close();
  port?.close();
}

port.on('message', (message: ToThread) => {
  if (message.type === 'run') start(message.id, message.task);
  else if (message.type === 'abort') running.get(message.id)?.controller.abort();
  else void close();
});
