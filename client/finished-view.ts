import { LoopFolder } from '../data/loop-folder.ts';
import type { LoopResult } from '../loop/outcome.ts';
import type { LoopProgress } from '../loop/progress.ts';
import { type LoopFiles, readLoopFiles } from './loop-files.ts';
import { progressFromFiles } from './progress-from-files.ts';

/** A loop that has ended with an outcome. */
export interface FinishedView {
  kind: 'finished';
  progress: LoopProgress;
  result: LoopResult;
}

/** The view of a finished loop, from its folder alone; undefined when the loop has no outcome there. */
export async function readFinished(home: string, loop: string): Promise<FinishedView | undefined> {
  const files = await readLoopFiles(LoopFolder.at(home, loop));
  return files?.result ? finishedView(loop, files, files.result) : undefined;
}

/** The view of a loop that ended with `result`; `files` may lack what another machine wrote. */
export function finishedView(loop: string, files: LoopFiles | undefined, result: LoopResult): FinishedView {
  const words = {
    phase: 'done',
    round: result.rounds,
    state: result.sentence,
    next: 'Nothing: the loop has ended.',
  } as const;
  return { kind: 'finished', progress: { ...progressFromFiles(loop, files, words), result }, result };
}
