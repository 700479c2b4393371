import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ModelPerformanceSchema } from '../../loop/metrics.ts';
import { ErrorDetailsSchema, EVALUATION_STATUSES } from '../../vision/contract.ts';
import { isTaken, type Page, type PageRequest, parseBody, readPage } from './page.ts';

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

/** An evaluation belongs to a training, so that a model deleted and made again does not inherit it. */
export interface EvaluationKey {
  trainingId: string;
  name: string;
}

const TrainingIdRow = z.object({ training_id: z.string() });

/** Evaluations by model and name. */
export class EvaluationStore {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Stores a new evaluation that waits for its turn; undefined when the name is taken. */
  create(
    key: EvaluationKey,
    content: Pick<StoredEvaluation, 'modelName' | 'evaluationParameters'>,
  ): StoredEvaluation | undefined {
    const now = new Date().toISOString();
    const times = { createdDateTime: now, updatedDateTime: now };
    const evaluation = { name: key.name, ...times, status: 'notStarted' as const, ...content };
    try {
      this.#db
        .prepare('INSERT INTO evaluations (training_id, name, status, body) VALUES (?, ?, ?, ?)')
        .run(key.trainingId, key.name, evaluation.status, JSON.stringify(evaluation));
      return evaluation;
    } catch (error) {
      if (isTaken(error)) return undefined;
      throw error;
    }
  }

  get(key: EvaluationKey): StoredEvaluation | undefined {
    const sql = 'SELECT body FROM evaluations WHERE training_id = ? AND name = ?';
    return parseBody(this.#db.prepare(sql).get(key.trainingId, key.name), StoredEvaluationSchema);
  }

  /** Evaluations of one model in the order of their creation. */
  list(trainingId: string, page: PageRequest): Page<StoredEvaluation> {
    const sql = 'SELECT body FROM evaluations WHERE training_id = ?';
    return readPage(this.#db, { sql, parameters: [trainingId], schema: StoredEvaluationSchema }, page);
  }

  delete(key: EvaluationKey): void {
    this.#db.prepare('DELETE FROM evaluations WHERE training_id = ? AND name = ?').run(key.trainingId, key.name);
  }

  /** The oldest evaluation that has not ended. */
  oldestPending(): { key: EvaluationKey; evaluation: StoredEvaluation } | undefined {
    const sql =
      "SELECT training_id, body FROM evaluations WHERE status IN ('notStarted', 'running') ORDER BY seq LIMIT 1";
    const row = this.#db.prepare(sql).get();
    const evaluation = parseBody(row, StoredEvaluationSchema);
    if (evaluation === undefined) return undefined;
    return { key: { trainingId: TrainingIdRow.parse(row).training_id, name: evaluation.name }, evaluation };
  }

  /** Writes what changed; nothing happens when the evaluation was deleted meanwhile. */
  update(key: EvaluationKey, change: Partial<Pick<StoredEvaluation, 'status' | 'modelPerformance' | 'error'>>): void {
    const current = this.get(key);
    if (current === undefined) return;
    const evaluation = { ...current, ...change, updatedDateTime: new Date().toISOString() };
    this.#db
      .prepare('UPDATE evaluations SET status = ?, body = ? WHERE training_id = ? AND name = ?')
      .run(evaluation.status, JSON.stringify(evaluation), key.trainingId, key.name);
  }
}
