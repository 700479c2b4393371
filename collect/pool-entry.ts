import { z } from 'zod';
import { LABEL_SHAPE } from '../loop/files.ts';

export const PoolEntrySchema = z.strictObject({
  path: z.string(),
  name: z.string(),
  ...LABEL_SHAPE,
  group: z.string().exactOptional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** An image of the pool as it was when the pool was frozen; the hash is that of its bytes. */
export type PoolEntry = z.infer<typeof PoolEntrySchema>;
