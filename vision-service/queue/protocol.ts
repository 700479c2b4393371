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
  classifier: Uint8Array;
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

/** Loads the backbone and says which it is. */
interface WarmUpTask {
  kind: 'warm-up';
}

export type Task = TrainTask | EvaluateTask | PredictTask | RecognizeTask | WarmUpTask;

/** The result of each kind of task. */
export interface Results {
  train: TrainResult;
  evaluate: ModelPerformance;
  predict: Prediction;
  recognize: ProductRecognitionResult;
  'warm-up': { backbone: string; dimensions: number };
}
export type ResultOf<T extends Task> = Results[T['kind']];

/** What a task has used so far; the last one of a run is its bill. */
export interface Usage {
  computeMs: number;
  images: number;
  embeddingsComputed: number;
}

export type ToThread = { type: 'run'; id: number; task: Task } | { type: 'abort'; id: number } | { type: 'close' };

export type FromThread =
  | { type: 'usage'; id: number; usage: Usage }
  | { type: 'result'; id: number; result: Results[Task['kind']] }
  | { type: 'failure'; id: number; code: string; message: string; problems: readonly string[] }
  | { type: 'aborted'; id: number };
