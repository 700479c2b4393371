import { z } from 'zod';
import { FolderConflictError } from '../data/errors.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { FindingSchema, StoredImageSchema } from '../loop/files.ts';
import type { FileRef } from '../loop/round.ts';

/** `admissions/<sequence>.json`. */
export const AdmissionSchema = z.strictObject({
  schemaVersion: z.literal(1),
  sequence: z.number().int().positive(),
  manifest: z.strictObject({ uri: z.string(), sha256: z.string() }),
  images: z.array(z.strictObject({ ...StoredImageSchema.shape, source: z.string() })),
  duplicates: z.number().int().min(0),
  refused: z.array(FindingSchema),
});

/** `admissions/<sequence>.json`: what became of one batch. */
export type Admission = z.infer<typeof AdmissionSchema>;
/** An accepted image: its bytes wait in `inbox/`, `source` is the name it had when it was handed in. */
export type AdmittedImage = Admission['images'][number];

/** The admission of a sequence; undefined before. @throws FolderConflictError when the file is none. */
async function readAdmission(folder: LoopFolder, sequence: number): Promise<Admission | undefined> {
  return folder.readRecord(admissionFile(sequence), AdmissionSchema);
}

/**
 * Admissions 1…`last` in order.
 * @throws FolderConflictError when one is missing: without it images would be lost or taken twice.
 */
export async function readAdmissions(folder: LoopFolder, last: number): Promise<Admission[]> {
  const sequences = Array.from({ length: last }, (_, at) => at + 1);
  return Promise.all(
    sequences.map(async (sequence) => {
      const admission = await readAdmission(folder, sequence);
      if (admission === undefined) throw new FolderConflictError(admissionFile(sequence), 'is missing');
      return admission;
    }),
  );
}

/**
 * The admission of a batch when it was made before.
 * @throws FolderConflictError when the sequence belongs to another batch.
 */
export async function readAdmissionOf(
  folder: LoopFolder,
  batch: { sequence: number; manifest: FileRef },
): Promise<Admission | undefined> {
  const admission = await readAdmission(folder, batch.sequence);
  if (admission && admission.manifest.sha256 !== batch.manifest.sha256) {
    throw new FolderConflictError(admissionFile(batch.sequence), 'belongs to another batch');
  }
  return admission;
}

/** Writes an admission once. @throws FolderConflictError when another is there; DiskFullError. */
export async function writeAdmission(folder: LoopFolder, admission: Admission): Promise<void> {
  await folder.writeJsonOnce(admissionFile(admission.sequence), admission);
}

function admissionFile(sequence: number): string {
  return `admissions/${sequence}.json`;
}
