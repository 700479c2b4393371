import { parentPort, workerData } from 'node:worker_threads';
import type { Backbone } from '../backbones/backbone.ts';
import { BackboneError } from '../backbones/errors.ts';
import { loadBackbone } from '../backbones/load-backbone.ts';
import { ImageFactsCache } from '../data-access/image-facts.ts';
import { EmbeddingCache } from '../embeddings.ts';
import { openEmbeddings, openStoreReadOnly } from '../store/database.ts';
import { Classifiers } from './classifiers.ts';
import type { Engine } from './embed-dataset.ts';
import { evaluateClassifier } from './evaluate-task.ts';
import { BACKBONE_UNUSABLE, TaskFailure } from './failure.ts';
import { predictImage } from './predict-task.ts';
import type { FromThread, Results, Task, ThreadSettings, ToThread, Usage } from './protocol.ts';
import { runTraining } from './train-task.ts';

/** The entry of a compute thread: everything that decodes, embeds, trains or scores happens here, never where HTTP is answered. */
const settings: ThreadSettings = workerData;
const port = parentPort;
if (port === null) throw new Error('This file is the entry of a worker thread');

const store = openStoreReadOnly(settings.storeFile);
const embeddings = openEmbeddings(settings.embeddingsFile);
const classifiers = new Classifiers(store);
const caches = { cache: new EmbeddingCache(embeddings), facts: new ImageFactsCache(embeddings) };
const running = new Map<number, { controller: AbortController; ended: Promise<void> }>();
let backbone: Promise<Backbone> | undefined;

async function engine(): Promise<Engine> {
  backbone ??= loadBackbone(settings.backbone, { threads: settings.threads });
  return { backbone: await backbone, ...caches, access: settings.access };
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
      return runTraining(tools, task, { signal, onUsage: (usage: Usage) => send({ type: 'usage', id, usage }) });
    case 'evaluate':
      return evaluateClassifier(tools, classifiers.get(task.trainingId), { test: task.test, signal });
    case 'predict':
      return predictImage(tools, classifiers.get(task.trainingId), { image: task.image, signal });
    case 'recognize':
      throw new TaskFailure('incorrectModelKind', 'The model is a classifier; a run needs a Product-Recognizer.');
  }
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
  embeddings.close();
  store.close();
  port?.close();
}

port.on('message', (message: ToThread) => {
  if (message.type === 'run') start(message.id, message.task);
  else if (message.type === 'abort') running.get(message.id)?.controller.abort();
  else void close();
});
