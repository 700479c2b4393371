import type { ModelPerformance } from '../../loop/metrics.ts';
import type { ModelKind, Prediction, ProductRecognitionResult } from '../../vision/contract.ts';
import type { DatasetSource } from '../data-access/dataset.ts';
import type { AccessRules } from '../data-access/source.ts';

/** What a compute thread is started with. */
export interface ThreadSettings {
  storeFile: string;
  embeddingsFile: string;
  backbone: string;
  threads: number;
  access: AccessRules;
}

/** One training. `budgetHours` are compute hours; a measured second costs `minutesPerSecond` of them. */
export interface TrainTask {
  kind: 'train';
  modelKind: ModelKind;
  training: DatasetSource;
  test: DatasetSource | undefined;
  budgetHours: number;
  minutesPerSecond: number;
}

export interface TrainResult {
  trained: Uint8Array;
  performance: ModelPerformance | undefined;
}

interface EvaluateTask {
  kind: 'evaluate';
  trainingId: string;
  test: DatasetSource;
}

interface PredictTask {
  kind: 'predict';
  trainingId: string;
  /** The bytes of an image file, or the URI of one. */
  image: Uint8Array | string;
}

/** Looks at one photo of a shelf with a Product-Recognizer; fails with `incorrectModelKind` for a model of another kind. */
interface RecognizeTask {
  kind: 'recognize';
  trainingId: string;
  /** The bytes of an image file. */
  image: Uint8Array;
}

/** Packs a trained model as a ZIP file. */
interface ExportTask {
  kind: 'export';
  trainingId: string;
  /** What was measured when it was trained. */
  performance: ModelPerformance | undefined;
}

/** Loads the backbone and says which it is. */
interface WarmUpTask {
  kind: 'warm-up';
}

export type Task = TrainTask | EvaluateTask | PredictTask | RecognizeTask | ExportTask | WarmUpTask;

/** The result of each kind of task. */
export interface Results {
  train: TrainResult;
  evaluate: ModelPerformance;
  predict: Prediction;
  recognize: ProductRecognitionResult;
  export: Uint8Array;
  'warm-up': { backbone: string; dimensions: number };
}
export type ResultOf<T extends Task> = Results[T['kind']];

/** What a task has used so far; the last one of a run is its bill. */
export interface Usage {
  computeMs: number;
  /** Part of it that went into the search for the head; none before that began. */
  headMs?: number;
  images: number;
  embeddingsComputed: number;
}

export type ToThread = { type: 'run'; id: number; task: Task } | { type: 'abort'; id: number } | { type: 'close' };

export type FromThread =
  | { type: 'usage'; id: number; usage: Usage }
  | { type: 'result'; id: number; result: Results[Task['kind']] }
  | { type: 'failure'; id: number; code: string; message: string; problems: readonly string[] }
  | { type: 'aborted'; id: number };
