import { ActivityFailure, log, patched } from '@temporalio/workflow';
import type { JournalEntry } from '../loop/journal.ts';
import { type LoopContext, work } from './context.ts';
import type { LoopState } from './loop-state.ts';

/** What was said last stays in view when it is on the disk. */
const SHOWN = 5;
/** Entries that one step writes, so that its input stays small. */
const AT_ONCE = 50;
/** A disk that does not answer holds nothing up: what is not written goes with the next write. */
const LONGEST_MS = 5 * 60_000;

type Said = Omit<JournalEntry, 'sequence' | 'at' | 'round'>;

/** Remembers what a person said until a step writes it down; called from handlers, so it never waits. */
export function note(state: LoopState, said: Said): void {
  const sequence = (state.journalled ?? 0) + 1;
  const entry: JournalEntry = { sequence, ...said, at: new Date().toISOString(), round: state.round };
  state.journalled = sequence;
  state.journal = [...(state.journal ?? []), entry];
  state.said = [...(state.said ?? []), entry].slice(-SHOWN);
}

/**
 * Writes down what people said since the last time, if anything. What cannot be written stays for the next time: the loop
 * does not ask about it before its end, where nothing may be lost.
 * @throws ActivityFailure with `mustSucceed`.
 */
export async function writeJournal(ctx: LoopContext, mustSucceed = false): Promise<void> {
  const { state } = ctx;
  while (state.journal !== undefined && patched('journal')) {
    const entries = state.journal.slice(0, AT_ONCE);
    try {
      const limit = mustSucceed ? undefined : LONGEST_MS;
      await work(ctx, 'write down what people said', limit).recordAnswers({ loop: ctx.input.spec.name, entries });
    } catch (error) {
      if (mustSucceed || !(error instanceof ActivityFailure)) throw error;
      log.warn('what people said could not be written down yet', {
        reason: error.cause?.message,
        entries: entries.length,
      });
      return;
    }
    const rest = state.journal.slice(entries.length);
    if (rest.length === 0) delete state.journal;
    else state.journal = rest;
  }
}
