import { z } from 'zod';
import { LoopNameSchema } from '../loop/spec.ts';

/** The list of files in an exported loop, at the top of the ZIP file. */
export const MANIFEST = 'manifest.json';

/** Raised when an older version could no longer read the file. */
export const FORMAT_VERSION = 1;

/** What every version of the format says first. */
export const FormatSchema = z.looseObject({ format: z.literal('deltaloop-loop'), formatVersion: z.number().int() });

/** A file of the loop's folder; it stands in the ZIP file as `<loop>/<path>`. */
const ManifestFileSchema = z.strictObject({
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().min(0),
});
export type ManifestFile = z.infer<typeof ManifestFileSchema>;

export const ManifestSchema = z.strictObject({
  format: z.literal('deltaloop-loop'),
  formatVersion: z.literal(FORMAT_VERSION),
  loop: LoopNameSchema,
  /** ISO-8601 UTC. */
  exportedAt: z.iso.datetime(),
  /** Version of deltaloop that exported it. */
  deltaloop: z.string(),
  /** Whether the loop had ended. */
  ended: z.boolean(),
  /** What `verify` found as it was exported. */
  differences: z.number().int().min(0),
  files: z.array(ManifestFileSchema),
});
export type Manifest = z.infer<typeof ManifestSchema>;
