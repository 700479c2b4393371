import { z } from 'zod';
import type { LoopFolder } from '../data/loop-folder.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** Marks a loop's folder as the record of a loop that ran elsewhere. */
export const IMPORTED_FILE = 'imported.json';

export const ImportedSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** ISO-8601 UTC. */
  exportedAt: z.iso.datetime(),
  /** ISO-8601 UTC. */
  importedAt: z.iso.datetime(),
  /** SHA-256 of the manifest in the file that it came from. */
  manifest: z.string(),
});
export type Imported = z.infer<typeof ImportedSchema>;

/** Where the record of a loop came from; undefined for a loop of this home. @throws FolderConflictError when the mark is damaged. */
export function readImported(folder: LoopFolder): Promise<Imported | undefined> {
  return folder.readRecord(IMPORTED_FILE, ImportedSchema);
}

/**
 * An imported record is read and never continued: its loop may still run where it came from, and would be paid for twice.
 * @throws CliError (exit 2) when the folder was imported.
 */
export async function refuseImported(folder: LoopFolder, loop: string): Promise<void> {
  const imported = await readImported(folder);
  if (imported === undefined) return;
  throw new CliError(
    `Loop ${loop} was imported on ${imported.importedAt.slice(0, 10)}: it is the record of a loop that ran elsewhere and had not ended when it was exported. It is not continued here, since it may still run there and would train, and pay, twice.`,
    {
      exitCode: EXIT.usage,
      next: `Give the spec another \`name\` to begin a loop of its own; the record stays readable: deltaloop rounds ${loop}`,
    },
  );
}
