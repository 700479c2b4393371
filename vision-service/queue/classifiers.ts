import type { DatabaseSync } from 'node:sqlite';
import { readClassifier } from '../store/models.ts';
import { deserialiseClassifier, type TrainedClassifier } from '../training/classifier.ts';
import { TaskFailure } from './failure.ts';

/** Classifiers that stay in memory; the one used longest ago gives way. */
const CAPACITY = 16;

/** Loads classifiers of trainings from the store and keeps the last ones used. */
export class Classifiers {
  readonly #db: DatabaseSync;
  readonly #loaded = new Map<string, TrainedClassifier>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Throws TaskFailure `modelNotFound` when the training has no classifier, e.g. because the model was deleted. */
  get(trainingId: string): TrainedClassifier {
    const classifier = this.#loaded.get(trainingId) ?? this.#load(trainingId);
    this.#loaded.delete(trainingId);
    this.#loaded.set(trainingId, classifier);
    const [oldest] = this.#loaded.keys();
    if (this.#loaded.size > CAPACITY && oldest !== undefined) this.#loaded.delete(oldest);
    return classifier;
  }

  #load(trainingId: string): TrainedClassifier {
    const bytes = readClassifier(this.#db, trainingId);
    if (bytes === undefined) throw new TaskFailure('modelNotFound', 'The model is not there any more.');
    return deserialiseClassifier(bytes);
  }
}
