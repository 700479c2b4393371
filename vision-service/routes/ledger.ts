import type { Context } from 'hono';
import { z } from 'zod';
import { readLedger } from '../ledger.ts';
import type { ServiceParts } from './parts.ts';
import { pageAnswer, parseQuery } from './query.ts';

const LedgerQuery = z.object({
  skip: z.coerce.number().int().min(0).max(2_147_483_647).default(0),
  top: z.coerce.number().int().min(1).max(1000).default(1000),
});

/** What every training cost, oldest first, in pages of at most 1,000. Beside the contract. */
export function ledgerRoute(c: Context, { db }: ServiceParts): Response {
  const page = parseQuery(c, LedgerQuery);
  return c.json(pageAnswer(c, readLedger(db, page), page));
}
