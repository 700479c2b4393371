import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { ANNOTATION_KINDS, AUTHENTICATION_KINDS } from '../../vision/contract.ts';
import { transaction } from './database.ts';
import { isTaken, type Page, type PageRequest, parseBody, readPage } from './page.ts';

/** A dataset as it is stored and answered. No secret is ever part of it: SAS tokens lie in a table of their own. */
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

/** A dataset with what signs the reading of it. Made for the service itself, never for an answer or a log. */
export interface ReadableDataset {
  dataset: StoredDataset;
  sasToken: string | undefined;
}

/** Registered datasets by name. */
export class DatasetStore {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Stores a new dataset and its SAS token, if it has one; undefined when the name is taken. */
  create(name: string, content: DatasetContent, sasToken?: string): StoredDataset | undefined {
    const now = new Date().toISOString();
    const dataset = { name, ...content, createdDateTime: now, updatedDateTime: now, eTag: randomUUID() };
    try {
      transaction(this.#db, () => {
        this.#db.prepare('INSERT INTO datasets (name, body) VALUES (?, ?)').run(name, JSON.stringify(dataset));
        this.#keepToken(name, sasToken);
      });
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

  /** The dataset of that name with its SAS token. */
  readable(name: string): ReadableDataset | undefined {
    const dataset = this.get(name);
    if (dataset === undefined) return undefined;
    const row = this.#db.prepare('SELECT sas_token FROM dataset_secrets WHERE name = ?').get(name);
    const token = row?.['sas_token'];
    return { dataset, sasToken: typeof token === 'string' ? token : undefined };
  }

  /** Replaces the content and the SAS token, which goes when none is given, and gives the dataset a new eTag. */
  update(current: StoredDataset, content: DatasetContent, sasToken?: string): StoredDataset {
    const dataset = { ...current, ...content, updatedDateTime: new Date().toISOString(), eTag: randomUUID() };
    transaction(this.#db, () => {
      this.#db.prepare('UPDATE datasets SET body = ? WHERE name = ?').run(JSON.stringify(dataset), current.name);
      this.#keepToken(current.name, sasToken);
    });
    return dataset;
  }

  #keepToken(name: string, sasToken: string | undefined): void {
    this.#db.prepare('DELETE FROM dataset_secrets WHERE name = ?').run(name);
    if (sasToken === undefined) return;
    this.#db.prepare('INSERT INTO dataset_secrets (name, sas_token) VALUES (?, ?)').run(name, sasToken);
  }

  delete(name: string): void {
    this.#db.prepare('DELETE FROM datasets WHERE name = ?').run(name);
  }

  /** Datasets in the order of their registration. */
  list(page: PageRequest): Page<StoredDataset> {
    return readPage(this.#db, { sql: 'SELECT body FROM datasets', schema: StoredDatasetSchema }, page);
  }
}
