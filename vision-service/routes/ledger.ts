import type { Context } from 'hono';
import { z } from 'zod';
import { readLedger } from '../ledger.ts';
import type { ServiceParts } from './parts.ts';
import { pageAnswer, pageShape, parseQuery } from './query.ts';

const LedgerQuery = z.object(pageShape(1000, 1000));

/** What every training cost, oldest first, in pages of at most 1,000. Beside the contract. */
export function ledgerRoute(c: Context, { db }: ServiceParts): Response {
  const page = parseQuery(c, LedgerQuery);
  return c.json(pageAnswer(c, readLedger(db, page), page));
}
