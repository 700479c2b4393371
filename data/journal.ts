import { JournalEntrySchema } from '../loop/files.ts';
import { type JournalEntry, journalFile } from '../loop/journal.ts';
import { FolderConflictError } from './errors.ts';
import type { LoopFolder } from './loop-folder.ts';

/** What people said to a loop, in order. @throws FolderConflictError when a file is no entry of a journal. */
export async function readJournal(folder: LoopFolder): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for (;;) {
    const entry = await folder.readRecord(journalFile(entries.length + 1), JournalEntrySchema);
    if (entry === undefined) return entries;
    entries.push(entry);
  }
}

/**
 * Writes entries, each once. A number that another entry has, as after a Reset in the Temporal UI, is passed over: what was
 * said is kept, whoever said it.
 * @throws DiskFullError, FolderMissingError.
 */
export async function writeJournal(folder: LoopFolder, entries: readonly JournalEntry[]): Promise<void> {
  for (const entry of entries) {
    let sequence = entry.sequence;
    while (!(await wrote(folder, { ...entry, sequence }))) sequence += 1;
  }
}

async function wrote(folder: LoopFolder, entry: JournalEntry): Promise<boolean> {
  try {
    await folder.writeJsonOnce(journalFile(entry.sequence), entry);
    return true;
  } catch (error) {
    if (error instanceof FolderConflictError) return false;
    throw error;
  }
}
