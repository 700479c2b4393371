import { LoopFolder } from '../data/loop-folder.ts';
import type { SplitRow } from '../loop/forecast.ts';
import type { LoopProgress } from '../loop/progress.ts';
import { measureOf } from '../report/split-table.ts';
import { readDecision, readSpec } from './loop-files.ts';

/** How the images that a loop asked for last were shared out among its classes. */
export interface LoopSplit {
  /** The round whose decision asked for them. */
  round: number;
  rows: readonly SplitRow[];
  /** What a class was measured by in that round: `recall`, or `AP50` of a detector. */
  measure: string;
}

/**
 * The last split of a loop, from its folder; undefined where no decision tells one or this machine does not see the folder.
 * @throws CliError when a file of the folder does not hold what deltaloop writes there.
 */
export async function lastSplit(home: string, { loop, rounds }: LoopProgress): Promise<LoopSplit | undefined> {
  const folder = LoopFolder.at(home, loop);
  for (const { round } of rounds.toReversed()) {
    const rows = (await readDecision(folder, round))?.decision.split ?? [];
    if (rows.length === 0) continue;
    return { round, rows, measure: measureOf((await readSpec(folder))?.task ?? 'classification') };
  }
  return undefined;
}
