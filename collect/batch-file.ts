import { z } from 'zod';
import { FolderConflictError } from '../data/errors.ts';
import { sha256Of } from '../data/hash.ts';
import { stableJson } from '../data/json.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { LABEL_SHAPE } from '../loop/files.ts';
import { jsonOrUndefined } from '../loop/json.ts';
import type { FileRef } from '../loop/round.ts';

/** `batches/<sha256>.json`. */
export const BatchSchema = z.strictObject({
  schemaVersion: z.literal(1),
  images: z.array(
    z.strictObject({
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      file: z.string().regex(/^[0-9a-f]{64}\.[a-z0-9]{1,8}$/),
      ...LABEL_SHAPE,
      source: z.string(),
      group: z.string().exactOptional(),
    }),
  ),
});

/** `batches/<sha256>.json`: images that a person handed in at once; their bytes are in `inbox/`. */
export type Batch = z.infer<typeof BatchSchema>;
export type BatchImage = Batch['images'][number];

/** Writes a batch under the hash of its content: the same images give the same file. @throws DiskFullError */
export async function writeBatch(folder: LoopFolder, images: readonly BatchImage[]): Promise<FileRef> {
  const text = stableJson({ schemaVersion: 1, images } satisfies { schemaVersion: 1; images: readonly BatchImage[] });
  return folder.writeOnce(`batches/${sha256Of(text)}.json`, text);
}

/** Reads a batch. @throws FolderConflictError when it is missing, changed or no batch; PathOutsideError. */
export async function readBatch(folder: LoopFolder, manifest: FileRef): Promise<Batch> {
  const text = (await folder.read(manifest)).toString('utf8');
  const parsed = BatchSchema.safeParse(jsonOrUndefined(text));
  if (!parsed.success) throw new FolderConflictError(manifest.uri, `is no batch: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
