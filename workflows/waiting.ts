import { condition, patched } from '@temporalio/workflow';
import { enter, type LoopContext } from './context.ts';
import { writeJournal } from './journal.ts';
import { step } from './summaries.ts';
import { byWhom, deadlinePassed, endIfStopped, LoopEnd, unwindIfMoved } from './unwinding.ts';

interface Wait {
  /** Ends the wait. A stop asked for by a person ends it too. */
  until: () => boolean;
  /** Instant to wake at beside the loop's deadline, epoch milliseconds, and its timer's label. */
  wake?: { at: number | null; summary: string };
}

/** The timer of the loop's deadline outlives the wait that starts it, so its label tells of nothing else. */
export const DEADLINE = 'the loop’s deadline';

/**
 * Waits durably until something happens, an instant comes, somebody stops the loop or its deadline passes.
 * Returns whether `until` holds.
 * @throws LoopEnd when the loop was stopped or its deadline has passed.
 */
export async function wait(ctx: LoopContext, { until, wake }: Wait): Promise<boolean> {
  const { state, input } = ctx;
  if (state.ending) return condition(until).then(() => true);
  const ready = () => until() || state.stop !== null;
  const instants = [input.deadline, wake?.at].filter((at): at is number => typeof at === 'number');
  const instant = Math.min(...instants);
  const summary = wake && instant !== input.deadline ? step(state.round, wake.summary) : DEADLINE;
  await readyOr(ctx, instant, { ready, summary });
  endIfStopped(ctx);
  if (!until() && deadlinePassed(ctx)) throw new LoopEnd('deadline');
  return until();
}

/** Waits until something is ready or an instant has come: epoch milliseconds, infinite for never. */
async function readyOr({ alarm }: LoopContext, instant: number, wanted: { ready: () => boolean; summary: string }) {
  if (instant === Number.POSITIVE_INFINITY) return condition(wanted.ready);
  while (!wanted.ready() && Date.now() < instant) {
    alarm.ringBy(instant, wanted.summary);
    await condition(() => wanted.ready() || alarm.silent);
  }
}

/**
 * Before a step that spends or asks people for something: ends the loop if it should end, and waits while paused.
 * @throws LoopEnd when the loop was stopped or its deadline has passed; ServiceChanged before a training that belongs elsewhere by now.
 */
export async function gate(ctx: LoopContext): Promise<void> {
  const { state } = ctx;
  endIfStopped(ctx);
  if (deadlinePassed(ctx)) throw new LoopEnd('deadline');
  await writeJournal(ctx);
  if (state.paused) await whilePaused(ctx);
  // Writing takes a moment, on a slow disk minutes: what people said meanwhile holds too.
  while (state.paused && patched('paused-again')) await whilePaused(ctx);
  if (state.stop && patched('stopped-while-writing')) endIfStopped(ctx);
  unwindIfMoved(ctx, null);
}

async function whilePaused(ctx: LoopContext): Promise<void> {
  const { state } = ctx;
  if (!state.paused) return;
  enter(ctx, 'paused', `Paused ${byWhom(state.paused)}`);
  await wait(ctx, { until: () => state.paused === null });
  await writeJournal(ctx);
}
