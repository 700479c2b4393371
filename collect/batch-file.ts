import { z } from 'zod';
import { FolderConflictError, SourceUnreadableError } from '../data/errors.ts';
import { sha256Of } from '../data/hash.ts';
import { stableJson } from '../data/json.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { type Bound, sizeProblem } from '../data/read-bounded.ts';
import { LABEL_SHAPE } from '../loop/files.ts';
import { foreignJson } from '../loop/json.ts';
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

/** A quarter of a million images with one label each, or fifty thousand with ten boxes each. */
const BATCH_BOUND: Bound = {
  maxBytes: 100_000_000,
  instead: 'hand the images in as several smaller folders or COCO files; a loop takes any number of batches',
};

/**
 * Writes a batch under the hash of its content: the same images give the same file.
 * @param source where the images come from, for errors.
 * @throws SourceUnreadableError for more than a loop would read; DiskFullError.
 */
export async function writeBatch(
  folder: LoopFolder,
  { source, images }: { source: string; images: readonly BatchImage[] },
  bound = BATCH_BOUND,
): Promise<FileRef> {
  const text = stableJson({ schemaVersion: 1, images } satisfies { schemaVersion: 1; images: readonly BatchImage[] });
  // Told before the loop hears of it: a batch that it cannot read would only make it wait.
  const problem = sizeProblem(Buffer.byteLength(text), bound);
  if (problem !== undefined) throw new SourceUnreadableError(source, `gives a list of its images that ${problem}`);
  return folder.writeOnce(`batches/${sha256Of(text)}.json`, text);
}

/** Reads a batch. @throws FolderConflictError when it is missing, changed, larger than any or no batch; PathOutsideError. */
export async function readBatch(folder: LoopFolder, manifest: FileRef): Promise<Batch> {
  const json = foreignJson((await folder.read(manifest, BATCH_BOUND)).toString('utf8'));
  if ('problem' in json) throw new FolderConflictError(manifest.uri, json.problem);
  const parsed = BatchSchema.safeParse(json.value);
  if (!parsed.success) throw new FolderConflictError(manifest.uri, `is no batch: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
