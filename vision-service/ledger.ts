import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** What one training cost. */
export interface LedgerEntry {
  status: 'succeeded' | 'failed' | 'cancelled';
  /** Exact compute time of the run that counted; runs lost to a restart are not in it. */
  computeSeconds: number;
  /** Whole minutes billed; 0 for failed work. */
  billedMinutes: number;
  images: number;
  /** Images that were not in the cache of embeddings. */
  embeddingsComputed: number;
}

const LedgerRow = z
  .object({
    model: z.string(),
    status: z.string(),
    compute_seconds: z.number(),
    billed_minutes: z.number(),
    images: z.number(),
    embeddings_computed: z.number(),
    settled: z.string(),
  })
  .transform((row) => ({
    model: row.model,
    status: row.status,
    computeSeconds: row.compute_seconds,
    billedMinutes: row.billed_minutes,
    images: row.images,
    embeddingsComputed: row.embeddings_computed,
    settledDateTime: row.settled,
  }));
export type LedgerLine = z.output<typeof LedgerRow>;

/**
 * Minutes to bill for compute time: rounded up to whole minutes, never past the budget, nothing for failed work
 * (the published training FAQ).
 *
 * @param run `minutesPerSecond` are the minutes billed for a measured second
 */
export function billedMinutes(run: {
  status: LedgerEntry['status'];
  computeMs: number;
  budgetHours: number;
  minutesPerSecond: number;
}): number {
  if (run.status === 'failed') return 0;
  const minutes = (run.computeMs / 1000) * run.minutesPerSecond;
  // A whole number of minutes must not become one more by the rounding of the product.
  return Math.min(Math.ceil(minutes - 1e-9), run.budgetHours * 60);
}

/** Writes the one line of a training; throws when it has one already, so that nothing is billed twice. */
export function writeLedger(db: DatabaseSync, of: { trainingId: string; model: string }, entry: LedgerEntry): void {
  db.prepare('INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
    of.trainingId,
    of.model,
    entry.status,
    entry.computeSeconds,
    entry.billedMinutes,
    entry.images,
    entry.embeddingsComputed,
    new Date().toISOString(),
  );
}

/** All lines, oldest first; models that were deleted since keep theirs. */
export function readLedger(db: DatabaseSync): LedgerLine[] {
  return db
    .prepare('SELECT * FROM ledger ORDER BY rowid')
    .all()
    .map((row) => LedgerRow.parse(row));
}
