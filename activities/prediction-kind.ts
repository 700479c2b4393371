import type { LoopFolder } from '../data/loop-folder.ts';
import type { StoredImage } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import type { Prediction } from '../vision/contract.ts';
import type { JournalEntry } from './prediction-journal.ts';

/** What a task keeps of the predictions of an evaluation set. */
export interface PredictionKind<T> extends JournalEntry<T> {
  /** Its file in the round's folder, without the attempt. */
  file: string;
  /** What is kept of one prediction; null is what is kept of an image that the service will not take. */
  of(prediction: Prediction | null, image: StoredImage): T;
  /** Writes the round's file, last of all that it writes. */
  write(folder: LoopFolder, predicted: Predicted<T>): Promise<void>;
}

/** A whole evaluation set with its predictions. */
export interface Predicted<T> {
  /** Of the round's file. */
  path: string;
  round: number;
  model: string;
  spec: LoopSpec;
  set: readonly StoredImage[];
  /** By the image's SHA-256. */
  known: ReadonlyMap<string, T>;
}
