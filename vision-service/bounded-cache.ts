import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { z } from 'zod';

const SumRow = z.object({ bytes: z.number() });
/** What goes when the cache is full, as a share of its entries. */
const GIVES_WAY = 0.1;

/** Bytes by key in a table of SQLite, never much more than a given number of them: the oldest entries give way. */
export class BoundedCache {
  readonly #select: StatementSync;
  readonly #exists: StatementSync;
  readonly #insert: StatementSync;
  readonly #sum: StatementSync;
  readonly #shrink: StatementSync;
  readonly #most: number;
  /** Bytes in the table as far as this one knows; others may write to it too. */
  #bytes: number;

  /**
   * Makes its table in the database if it is not there.
   *
   * @param options.table name of the table; letters and underscores
   * @param options.mostBytes of all values together
   */
  constructor(db: DatabaseSync, { table, mostBytes }: { table: string; mostBytes: number }) {
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL)`,
    );
    this.#select = db.prepare(`SELECT value FROM ${table} WHERE key = ?`);
    this.#exists = db.prepare(`SELECT 1 FROM ${table} WHERE key = ?`);
    this.#insert = db.prepare(`INSERT OR IGNORE INTO ${table} (key, value) VALUES (?, ?)`);
    this.#sum = db.prepare(`SELECT COALESCE(SUM(LENGTH(value)), 0) AS bytes FROM ${table}`);
    const share = `MAX(1, CAST((SELECT COUNT(*) FROM ${table}) * ${GIVES_WAY} AS INTEGER))`;
    const oldest = `SELECT seq FROM ${table} ORDER BY seq LIMIT ${share}`;
    this.#shrink = db.prepare(`DELETE FROM ${table} WHERE seq IN (${oldest})`);
    this.#most = mostBytes;
    this.#bytes = this.#total();
  }

  get(key: string): Uint8Array | undefined {
    const value = this.#select.get(key)?.['value'];
    return value instanceof Uint8Array ? value : undefined;
  }

  has(key: string): boolean {
    return this.#exists.get(key) !== undefined;
  }

  put(key: string, value: Uint8Array): void {
    this.#insert.run(key, value);
    this.#bytes += value.length;
    if (this.#bytes <= this.#most) return;
    for (this.#bytes = this.#total(); this.#bytes > this.#most; this.#bytes = this.#total()) this.#shrink.run();
  }

  #total(): number {
    return SumRow.parse(this.#sum.get()).bytes;
  }
}
