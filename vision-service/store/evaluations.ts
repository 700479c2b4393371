import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ModelPerformanceSchema } from '../../loop/metrics.ts';
import { ErrorDetailsSchema, EVALUATION_STATUSES } from '../../vision/contract.ts';
import { RunStore } from './runs.ts';

/** An evaluation as it is stored and answered. */
const StoredEvaluationSchema = z.object({
  name: z.string(),
  modelName: z.string(),
  createdDateTime: z.string(),
  updatedDateTime: z.string(),
  status: z.enum(EVALUATION_STATUSES),
  evaluationParameters: z.object({ testDatasetName: z.string() }),
  modelPerformance: ModelPerformanceSchema.optional(),
  error: ErrorDetailsSchema.optional(),
});
export type StoredEvaluation = z.infer<typeof StoredEvaluationSchema>;

/** Evaluations by model and name. */
export class EvaluationStore extends RunStore<StoredEvaluation> {
  constructor(db: DatabaseSync) {
    super(db, { table: 'evaluations', schema: StoredEvaluationSchema });
  }
}
