import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ErrorDetailsSchema, EVALUATION_STATUSES, ProductRecognitionResultSchema } from '../../vision/contract.ts';
import { RunStore } from './runs.ts';

/** A product-recognition run as it is stored; all but `photo` is answered. */
const StoredRecognitionSchema = z.object({
  runName: z.string(),
  modelName: z.string(),
  createdDateTime: z.string(),
  updatedDateTime: z.string(),
  status: z.enum(EVALUATION_STATUSES),
  /** Id of the photo. It is dropped when the run has ended. */
  photo: z.string(),
  result: ProductRecognitionResultSchema.optional(),
  error: ErrorDetailsSchema.optional(),
});
export type StoredRecognition = z.infer<typeof StoredRecognitionSchema>;

/** Product-recognition runs by model and name. */
export class RecognitionStore extends RunStore<StoredRecognition> {
  constructor(db: DatabaseSync) {
    super(db, { table: 'recognitions', schema: StoredRecognitionSchema });
  }

  /** Photos that the runs of a training, or of every one, still need. */
  photosOf(trainingId?: string): string[] {
    return this.pending(trainingId).map(({ run }) => run.photo);
  }
}
