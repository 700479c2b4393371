import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ANNOTATION_KINDS, AUTHENTICATION_KINDS } from '../../vision/contract.ts';
import { isTaken, type Page, type PageRequest, parseBody, readPage } from './page.ts';

/** A dataset as it is stored and answered. No secret is ever part of it. */
const StoredDatasetSchema = z.object({
  name: z.string(),
  annotationKind: z.enum(ANNOTATION_KINDS),
  annotationFileUris: z.array(z.string()),
  customProperties: z.record(z.string(), z.string()).optional(),
  authentication: z.object({ kind: z.enum(AUTHENTICATION_KINDS) }),
  createdDateTime: z.string(),
  updatedDateTime: z.string(),
  eTag: z.string(),
});
export type StoredDataset = z.infer<typeof StoredDatasetSchema>;

/** What a caller decides about a dataset. */
export type DatasetContent = Pick<
  StoredDataset,
  'annotationKind' | 'annotationFileUris' | 'customProperties' | 'authentication'
>;

/** Registered datasets by name. */
export class DatasetStore {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Stores a new dataset; undefined when the name is taken. */
  create(name: string, content: DatasetContent): StoredDataset | undefined {
    const now = new Date().toISOString();
    const dataset = { name, ...content, createdDateTime: now, updatedDateTime: now, eTag: randomUUID() };
    try {
      this.#db.prepare('INSERT INTO datasets (name, body) VALUES (?, ?)').run(name, JSON.stringify(dataset));
      return dataset;
    } catch (error) {
      if (isTaken(error)) return undefined;
      throw error;
    }
  }

  /** The dataset of that name, if there is one. */
  get(name: string): StoredDataset | undefined {
    return parseBody(this.#db.prepare('SELECT body FROM datasets WHERE name = ?').get(name), StoredDatasetSchema);
  }

  /** Replaces what `change` names and gives the dataset a new eTag. */
  update(current: StoredDataset, change: Partial<DatasetContent>): StoredDataset {
    const dataset = { ...current, ...change, updatedDateTime: new Date().toISOString(), eTag: randomUUID() };
    this.#db.prepare('UPDATE datasets SET body = ? WHERE name = ?').run(JSON.stringify(dataset), current.name);
    return dataset;
  }

  delete(name: string): void {
    this.#db.prepare('DELETE FROM datasets WHERE name = ?').run(name);
  }

  /** Datasets in the order of their registration. */
  list(page: PageRequest): Page<StoredDataset> {
    return readPage(this.#db, { sql: 'SELECT body FROM datasets', schema: StoredDatasetSchema }, page);
  }
}
