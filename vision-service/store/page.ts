import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** Which part of a list: `skip` items left out, then at most `top`. */
export interface PageRequest {
  skip: number;
  top: number;
}

/** A part of a list, and whether more follows. */
export interface Page<T> {
  items: T[];
  more: boolean;
}

const BodyRow = z.object({ body: z.string() });

/** Parses the JSON `body` column of a row; undefined when there is no row. */
export function parseBody<T>(row: unknown, schema: z.ZodType<T>): T | undefined {
  return row === undefined ? undefined : schema.parse(JSON.parse(BodyRow.parse(row).body));
}

/** One page of a query that yields `body` columns and takes LIMIT and OFFSET as its last parameters. */
export function readPage<T>(
  db: DatabaseSync,
  query: { sql: string; parameters?: string[]; schema: z.ZodType<T> },
  page: PageRequest,
): Page<T> {
  const rows = db
    .prepare(`${query.sql} ORDER BY seq LIMIT ? OFFSET ?`)
    .all(...(query.parameters ?? []), page.top + 1, page.skip);
  const items = rows.slice(0, page.top).flatMap((row) => parseBody(row, query.schema) ?? []);
  return { items, more: rows.length > page.top };
}

/** Whether an error of SQLite says that a UNIQUE value is taken. */
export function isTaken(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('UNIQUE constraint failed');
}
