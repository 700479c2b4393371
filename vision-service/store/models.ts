import { randomUUID } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';
import { ModelPerformanceSchema } from '../../loop/metrics.ts';
import { ErrorDetailsSchema, isTerminalModelStatus, MODEL_KINDS, MODEL_STATUSES } from '../../vision/contract.ts';
import { type LedgerEntry, writeLedger } from '../ledger.ts';
import { transaction } from './database.ts';
import { isTaken, type Page, type PageRequest, parseBody, readPage } from './page.ts';

/** A model as it is stored and answered. */
const StoredModelSchema = z.object({
  name: z.string(),
  createdDateTime: z.string(),
  updatedDateTime: z.string(),
  status: z.enum(MODEL_STATUSES),
  trainingParameters: z.object({
    trainingDatasetName: z.string(),
    timeBudgetInHours: z.number(),
    modelKind: z.enum(MODEL_KINDS),
  }),
  evaluationParameters: z.object({ testDatasetName: z.string() }).optional(),
  trainingCostInMinutes: z.number().optional(),
  modelPerformance: ModelPerformanceSchema.optional(),
  error: ErrorDetailsSchema.optional(),
});
export type StoredModel = z.infer<typeof StoredModelSchema>;
export type ModelContent = Pick<StoredModel, 'trainingParameters' | 'evaluationParameters'>;

/** How a training ended: what the model shows, the trained model if there is one (serialised), and its line in the ledger. */
export interface Settlement {
  status: 'succeeded' | 'failed' | 'cancelled';
  result: Pick<StoredModel, 'trainingCostInMinutes' | 'modelPerformance' | 'error'>;
  trained?: Uint8Array | undefined;
  ledger: LedgerEntry;
}

/** A training that has not ended. A name can be used again after its model was deleted; a training id never. */
export interface PendingTraining {
  trainingId: string;
  model: StoredModel;
}

const IdRow = z.object({ training_id: z.string() });
const CountRow = z.object({ n: z.number() });
const UsedRow = z
  .object({ compute_ms: z.number(), images: z.number(), embeddings_computed: z.number() })
  .transform((row) => ({
    computeMs: row.compute_ms,
    images: row.images,
    embeddingsComputed: row.embeddings_computed,
  }));
type Used = z.output<typeof UsedRow>;
const TrainingRow = IdRow.extend({ status: z.enum(MODEL_STATUSES) });

/** Models by name, and the trainings behind them. */
export class ModelStore {
  readonly #db: DatabaseSync;
  readonly #training: StatementSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#training = db.prepare('SELECT training_id, status FROM models WHERE name = ?');
  }

  /** Stores a new model that waits for its training; undefined when the name is taken. */
  create(name: string, content: ModelContent): StoredModel | undefined {
    const now = new Date().toISOString();
    const model = { name, createdDateTime: now, updatedDateTime: now, status: 'notStarted' as const, ...content };
    try {
      this.#db
        .prepare('INSERT INTO models (name, training_id, status, body) VALUES (?, ?, ?, ?)')
        .run(name, randomUUID(), model.status, JSON.stringify(model));
      return model;
    } catch (error) {
      if (isTaken(error)) return undefined;
      throw error;
    }
  }

  get(name: string): StoredModel | undefined {
    return parseBody(this.#db.prepare('SELECT body FROM models WHERE name = ?').get(name), StoredModelSchema);
  }

  /** Id of the training behind a model. */
  trainingId(name: string): string | undefined {
    return this.training(name)?.trainingId;
  }

  /** The training behind a model and how it stands; asked for every prediction, so nothing else is read. */
  training(name: string): { trainingId: string; status: StoredModel['status'] } | undefined {
    const row = this.#training.get(name);
    if (row === undefined) return undefined;
    const { training_id: trainingId, status } = TrainingRow.parse(row);
    return { trainingId, status };
  }

  /** Models in the order of their creation. */
  list(page: PageRequest): Page<StoredModel> {
    return readPage(this.#db, { sql: 'SELECT body FROM models', schema: StoredModelSchema }, page);
  }

  delete(name: string): void {
    this.#db.prepare('DELETE FROM models WHERE name = ?').run(name);
  }

  /** The oldest training with one of these statuses that is none of the `except` ones, by training id. */
  oldest(statuses: StoredModel['status'][], except: readonly string[] = []): PendingTraining | undefined {
    const marks = (list: readonly string[]) => list.map(() => '?').join(', ');
    const sql = `SELECT training_id, body FROM models WHERE status IN (${marks(statuses)})
      AND training_id NOT IN (${marks(except)}) ORDER BY seq LIMIT 1`;
    const row = this.#db.prepare(sql).get(...statuses, ...except);
    const model = parseBody(row, StoredModelSchema);
    return model === undefined ? undefined : { trainingId: IdRow.parse(row).training_id, model };
  }

  /** How many trainings have not ended. */
  countPending(): number {
    const sql = "SELECT count(*) AS n FROM models WHERE status IN ('notStarted', 'training', 'cancelling')";
    return CountRow.parse(this.#db.prepare(sql).get()).n;
  }

  /** Marks a training that is to stop, with what it has used so far. */
  cancelling({ trainingId, model }: PendingTraining, { computeMs, images, embeddingsComputed }: Used): void {
    transaction(this.#db, () => {
      this.mark(model.name, 'cancelling');
      this.#db
        .prepare('INSERT OR REPLACE INTO used_when_cancelled VALUES (?, ?, ?, ?)')
        .run(trainingId, computeMs, images, embeddingsComputed);
    });
  }

  /** What a training had used when it was told to stop; undefined for one that was not, or that has ended. */
  usedWhenCancelled(trainingId: string): Used | undefined {
    const row = this.#db.prepare('SELECT * FROM used_when_cancelled WHERE training_id = ?').get(trainingId);
    return row === undefined ? undefined : UsedRow.parse(row);
  }

  /** Moves a model that has not ended to another such status. */
  mark(name: string, status: 'notStarted' | 'training' | 'cancelling'): void {
    const model = this.get(name);
    if (model === undefined || isTerminalModelStatus(model.status)) return;
    this.#write({ ...model, status, updatedDateTime: new Date().toISOString() });
  }

  /** Ends a training and writes its line in the ledger, both or neither. */
  settle(training: PendingTraining, settlement: Settlement): void {
    const { status, result, trained } = settlement;
    transaction(this.#db, () => {
      this.#write({ ...training.model, status, ...result, updatedDateTime: new Date().toISOString() });
      this.#db
        .prepare('UPDATE models SET classifier = ? WHERE training_id = ?')
        .run(trained ?? null, training.trainingId);
      this.#db.prepare('DELETE FROM used_when_cancelled WHERE training_id = ?').run(training.trainingId);
      writeLedger(this.#db, { trainingId: training.trainingId, model: training.model.name }, settlement.ledger);
    });
  }

  #write(model: StoredModel): void {
    this.#db
      .prepare('UPDATE models SET status = ?, body = ? WHERE name = ?')
      .run(model.status, JSON.stringify(model), model.name);
  }
}

/** The serialised classifier or detector of a training; undefined when it has none. */
export function readTrained(db: DatabaseSync, trainingId: string): Uint8Array | undefined {
  const row = db.prepare('SELECT classifier AS trained FROM models WHERE training_id = ?').get(trainingId);
  return row?.['trained'] instanceof Uint8Array ? row['trained'] : undefined;
}
