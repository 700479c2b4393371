import { z } from 'zod';
import type { Finding } from '../loop/finding.ts';
import type { StoredImage } from '../loop/round.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** An entry of `set.json` and `draw.json`, as it is read back from the disk. */
export const StoredImageSchema = z.strictObject({
  sha256: Sha256,
  pixelSha256: Sha256,
  file: z.string().regex(/^[0-9a-f]{64}\.[a-z0-9]{1,8}$/),
  className: z.string(),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  group: z.string().exactOptional(),
}) satisfies z.ZodType<StoredImage>;

export const FindingSchema = z.strictObject({
  severity: z.enum(['error', 'warning']),
  code: z.string(),
  where: z.string(),
  message: z.string(),
  fix: z.string(),
}) satisfies z.ZodType<Finding>;

export const ClassCountsSchema = z.record(z.string(), z.number().int().min(0));

/** The group of an entry as an object to spread: absent stays absent. */
export function groupOf(entry: { group?: string }): { group?: string } {
  return entry.group === undefined ? {} : { group: entry.group };
}
