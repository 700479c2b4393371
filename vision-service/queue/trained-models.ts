import type { DatabaseSync } from 'node:sqlite';
import type { TrainedDetector } from '../detection/detector.ts';
import { deserialiseDetector, isDetector } from '../detection/serialise.ts';
import { readTrained } from '../store/models.ts';
import { deserialiseClassifier, type TrainedClassifier } from '../training/classifier.ts';
import { TaskFailure } from './failure.ts';

/** Models that stay in memory; the one used longest ago gives way. */
const CAPACITY = 16;

/** A model that was trained: one of the two. */
export type TrainedModel = { classifier: TrainedClassifier } | { detector: TrainedDetector };

/** Loads models of trainings from the store and keeps the last ones used. */
export class TrainedModels {
  readonly #db: DatabaseSync;
  readonly #loaded = new Map<string, TrainedModel>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Throws TaskFailure `modelNotFound` when the training has no model, e.g. because it was deleted. */
  get(trainingId: string): TrainedModel {
    const model = this.#loaded.get(trainingId) ?? this.#load(trainingId);
    this.#loaded.delete(trainingId);
    this.#loaded.set(trainingId, model);
    const [oldest] = this.#loaded.keys();
    if (this.#loaded.size > CAPACITY && oldest !== undefined) this.#loaded.delete(oldest);
    return model;
  }

  #load(trainingId: string): TrainedModel {
    const bytes = readTrained(this.#db, trainingId);
    if (bytes === undefined) throw new TaskFailure('modelNotFound', 'The model is not there any more.');
    return isDetector(bytes) ? { detector: deserialiseDetector(bytes) } : { classifier: deserialiseClassifier(bytes) };
  }
}
