import { LoopFolder } from '../data/loop-folder.ts';
import { readImported } from './imported-file.ts';
import { readLoopFiles } from './loop-files.ts';
import type { LoopView } from './loop-view.ts';
import { progressFromFiles } from './progress-from-files.ts';

/** The view of an imported record of a loop that had not ended, from its folder alone; undefined for every other loop. */
export async function readImportedView(
  home: string,
  loop: string,
): Promise<Extract<LoopView, { kind: 'not-started' }> | undefined> {
  const folder = LoopFolder.at(home, loop);
  const imported = await readImported(folder);
  const files = imported && (await readLoopFiles(folder));
  if (!imported || !files) return undefined;
  const words = {
    phase: 'preparing',
    round: files.rounds.length,
    state: `The record of a loop that ran elsewhere, as it was on ${imported.exportedAt.slice(0, 10)}; it was imported and is not continued here`,
    next: 'Nothing here: see how it goes on where it runs, or import a later export into another home.',
  } as const;
  return { kind: 'not-started', progress: progressFromFiles(loop, files, words) };
}
