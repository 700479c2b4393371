import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { ErrorDetails, EvaluationStatus } from '../../vision/contract.ts';
import { isTaken, type Page, type PageRequest, parseBody, readPage } from './page.ts';

/** What every run over a trained model has: its status and its times. */
export interface StoredRun {
  status: EvaluationStatus;
  createdDateTime: string;
  updatedDateTime: string;
}

/** A run belongs to a training, so that a model deleted and made again does not inherit it. */
export interface RunKey {
  trainingId: string;
  name: string;
}

/** A run that has not ended. */
export interface PendingRun<Run> {
  key: RunKey;
  run: Run;
}

/** What happens to a run: its status, its error, and what it brought. */
export interface RunChange<Run> {
  status: EvaluationStatus;
  error?: ErrorDetails;
  brought?: Partial<Run>;
}

const KeyRow = z.object({ training_id: z.string(), name: z.string() });
const CountRow = z.object({ n: z.number() });

/** Runs over trained models by training and name, in one table of their kind. */
export class RunStore<Run extends StoredRun> {
  readonly #db: DatabaseSync;
  readonly #table: string;
  readonly #schema: z.ZodType<Run>;

  constructor(db: DatabaseSync, kind: { table: 'evaluations' | 'recognitions'; schema: z.ZodType<Run> }) {
    this.#db = db;
    this.#table = kind.table;
    this.#schema = kind.schema;
  }

  /** Stores a new run that waits for its turn; undefined when the name is taken. */
  create(key: RunKey, content: Omit<Run, keyof StoredRun>): Run | undefined {
    const now = new Date().toISOString();
    const run = this.#schema.parse({ ...content, status: 'notStarted', createdDateTime: now, updatedDateTime: now });
    try {
      this.#db
        .prepare(`INSERT INTO ${this.#table} (training_id, name, status, body) VALUES (?, ?, ?, ?)`)
        .run(key.trainingId, key.name, run.status, JSON.stringify(run));
      return run;
    } catch (error) {
      if (isTaken(error)) return undefined;
      throw error;
    }
  }

  get({ trainingId, name }: RunKey): Run | undefined {
    const sql = `SELECT body FROM ${this.#table} WHERE training_id = ? AND name = ?`;
    return parseBody(this.#db.prepare(sql).get(trainingId, name), this.#schema);
  }

  /** Runs of one training in the order of their creation. */
  list(trainingId: string, page: PageRequest): Page<Run> {
    const sql = `SELECT body FROM ${this.#table} WHERE training_id = ?`;
    return readPage(this.#db, { sql, parameters: [trainingId], schema: this.#schema }, page);
  }

  delete({ trainingId, name }: RunKey): void {
    this.#db.prepare(`DELETE FROM ${this.#table} WHERE training_id = ? AND name = ?`).run(trainingId, name);
  }

  /** The oldest run that has not ended. */
  oldestPending(): PendingRun<Run> | undefined {
    return this.#pending('ORDER BY seq LIMIT 1')[0];
  }

  /** All runs of a training, or of every one, that have not ended. */
  pending(trainingId?: string): PendingRun<Run>[] {
    return trainingId === undefined ? this.#pending('') : this.#pending('AND training_id = ?', trainingId);
  }

  /** How many runs have not ended. */
  countPending(): number {
    const sql = `SELECT count(*) AS n FROM ${this.#table} WHERE status IN ('notStarted', 'running')`;
    return CountRow.parse(this.#db.prepare(sql).get()).n;
  }

  /** Writes what changed; nothing happens when the run was deleted meanwhile. */
  update(key: RunKey, { brought, ...change }: RunChange<Run>): void {
    const current = this.get(key);
    if (current === undefined) return;
    const run = this.#schema.parse({ ...current, ...brought, ...change, updatedDateTime: new Date().toISOString() });
    this.#db
      .prepare(`UPDATE ${this.#table} SET status = ?, body = ? WHERE training_id = ? AND name = ?`)
      .run(run.status, JSON.stringify(run), key.trainingId, key.name);
  }

  #pending(rest: string, ...parameters: string[]): PendingRun<Run>[] {
    const sql = `SELECT training_id, name, body FROM ${this.#table} WHERE status IN ('notStarted', 'running') ${rest}`;
    return this.#db
      .prepare(sql)
      .all(...parameters)
      .flatMap((row) => {
        const run = parseBody(row, this.#schema);
        const { training_id: trainingId, name } = KeyRow.parse(row);
        return run === undefined ? [] : [{ key: { trainingId, name }, run }];
      });
  }
}
