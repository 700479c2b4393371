import { writeJournal } from '../data/journal.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import type { ActivityDeps } from './deps.ts';
import type { JournalInput } from './types.ts';

/** Writes what people said to the loop into its folder; a second attempt writes the same. @throws DiskFullError, FolderMissingError. */
export async function recordAnswers(deps: ActivityDeps, { loop, entries }: JournalInput): Promise<{ entries: number }> {
  await writeJournal(LoopFolder.at(deps.home, loop), entries);
  return { entries: entries.length };
}
