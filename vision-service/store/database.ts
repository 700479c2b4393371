import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ServiceStartError } from '../errors.ts';

/** Files of the service's state, below `<home>/vision-service`. */
export interface StatePaths {
  folder: string;
  /** Datasets, models, evaluations, runs and the ledger; written by the main thread only. */
  store: string;
  /** Held by the one running service. */
  lock: string;
  /** Features and facts of images by content hash; written by the compute threads. */
  embeddings: string;
  /** Folder of the photos that wait for their product-recognition runs. */
  photos: string;
}

/** Where the state of a service with this home lies. No I/O. */
export function statePaths(home: string): StatePaths {
  const folder = path.join(home, 'vision-service');
  return {
    folder,
    store: path.join(folder, 'service.db'),
    lock: path.join(folder, 'lock.db'),
    embeddings: path.join(folder, 'embeddings.db'),
    photos: path.join(folder, 'photos'),
  };
}

/** Makes the state's folders, readable by their owner only. */
export function createStateFolder(paths: StatePaths): void {
  mkdirSync(paths.photos, { recursive: true, mode: 0o700 });
  chmodSync(paths.folder, 0o700);
}

/** How long a start waits for a service that is just ending. */
const LOCK_WAIT_MS = 3_000;

/**
 * Makes sure that no other service works on this state, as both would train the same models. The lock is that of an
 * open SQLite transaction: the system frees it however the process ends.
 *
 * @throws {ServiceStartError} while another service holds it
 */
export function lockState(paths: StatePaths): { release(): void } {
  const db = new DatabaseSync(paths.lock, { timeout: LOCK_WAIT_MS });
  chmodSync(paths.lock, 0o600);
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (!(error instanceof Error && error.message.includes('locked'))) throw error;
    throw new ServiceStartError(
      `Another vision service works on ${paths.folder}. Use that one, or stop it, or set DELTALOOP_HOME to another folder.`,
    );
  }
  return { release: () => db.close() };
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS datasets (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS dataset_secrets (
    name TEXT PRIMARY KEY REFERENCES datasets (name) ON DELETE CASCADE, sas_token TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS models (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, training_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL, body TEXT NOT NULL, classifier BLOB);
  CREATE TABLE IF NOT EXISTS used_when_cancelled (
    training_id TEXT PRIMARY KEY, compute_ms REAL NOT NULL, images INTEGER NOT NULL,
    embeddings_computed INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS evaluations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, training_id TEXT NOT NULL, name TEXT NOT NULL,
    status TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (training_id, name),
    FOREIGN KEY (training_id) REFERENCES models (training_id) ON DELETE CASCADE);
  CREATE TABLE IF NOT EXISTS recognitions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, training_id TEXT NOT NULL, name TEXT NOT NULL,
    status TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (training_id, name),
    FOREIGN KEY (training_id) REFERENCES models (training_id) ON DELETE CASCADE);
  CREATE INDEX IF NOT EXISTS models_status ON models (status, seq);
  CREATE INDEX IF NOT EXISTS evaluations_status ON evaluations (status, seq);
  CREATE INDEX IF NOT EXISTS recognitions_status ON recognitions (status, seq);
  CREATE TABLE IF NOT EXISTS ledger (
    training_id TEXT PRIMARY KEY, model TEXT NOT NULL, status TEXT NOT NULL, compute_seconds REAL NOT NULL,
    billed_minutes INTEGER NOT NULL, images INTEGER NOT NULL, embeddings_computed INTEGER NOT NULL,
    settled TEXT NOT NULL);
`;

/**
 * Opens the store and makes its tables. Every commit is on the disk before it is answered: a killed service
 * finds what it had promised. It holds secrets: only its owner may read it, and what is deleted is overwritten.
 */
export function openStore(file: string): DatabaseSync {
  makePrivate(file);
  const db = new DatabaseSync(file, { timeout: 10_000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;');
  db.exec(SCHEMA);
  return db;
}

/** SQLite gives the files beside a database the mode that the database has when it is opened. */
function makePrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
}

/** Opens the store for reading beside the main thread, e.g. to load a classifier. */
export function openStoreReadOnly(file: string): DatabaseSync {
  return new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
}

/** Opens the database of embeddings. What a crash of the machine loses here is computed again. */
export function openEmbeddings(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: 10_000 });
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  chmodSync(file, 0o600);
  return db;
}

/** Runs `work` in one transaction; whatever it throws rolls all of it back. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}
