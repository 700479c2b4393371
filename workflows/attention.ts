import { log, patched } from '@temporalio/workflow';
import { FAILURES, type FailureType } from '../loop/failure.ts';
import { enter, type LoopContext, show } from './context.ts';
import { writeJournal } from './journal.ts';
import type { LoopState } from './loop-state.ts';
import { countAttention } from './metrics.ts';
import { tell } from './notices.ts';
import { byWhom, LoopEnd, RoundSkipped } from './unwinding.ts';
import { wait } from './waiting.ts';

/** Why a step could not go on. */
export interface Failure {
  type: FailureType;
  message: string;
  /** What the step tells beside it; see `noteOutage`. */
  details?: unknown;
}

/** Steps of a round that has its images: what is left of it can be skipped. */
const SKIPPABLE = new Set(['check', 'register', 'train', 'evaluate', 'predict']);

/**
 * Puts the loop into `needs-attention` and waits, durably, for `resolve`.
 * @throws LoopEnd when the answer is `stop`, the loop is stopped, or its deadline passes; RoundSkipped when it is `skip`.
 */
export async function needsAttention(ctx: LoopContext, where: string, failure: Failure): Promise<void> {
  const { state } = ctx;
  const before = { phase: state.phase, doing: state.doing };
  const { headline, explanation, remedy } = FAILURES[failure.type];
  state.attention = {
    type: failure.type,
    headline,
    message: failure.message,
    explanation,
    remedy,
    step: where,
    round: state.round,
    // Before round 1 the evaluation set is registered: there is no round yet that could do without it.
    ...(SKIPPABLE.has(where) && state.round > 0 && !state.ending ? { canSkip: true } : {}),
    since: new Date().toISOString(),
  };
  state.answer = null;
  log.warn('the loop needs attention', {
    round: state.round,
    step: where,
    type: failure.type,
    reason: failure.message,
  });
  countAttention(failure.type);
  enter(ctx, 'needs-attention', headline);
  tell(ctx, 'needs-attention');
  try {
    await untilAnswered(ctx, Date.parse(state.attention.since));
    const answer = answerOf(state);
    if (answer?.answer === 'stop' && !state.ending) throw new LoopEnd('stopped', byWhom(answer));
    if (answer?.answer === 'skip') throw new RoundSkipped(`${headline}; skipped ${byWhom(answer)}`);
  } finally {
    state.attention = null;
    show(ctx);
  }
  enter(ctx, before.phase, before.doing);
  if (!state.ending) await writeJournal(ctx);
}

/** Waits for an answer, and reminds people of it now and then. */
async function untilAnswered(ctx: LoopContext, since: number): Promise<void> {
  const { state, timings } = ctx;
  const until = () => state.answer !== null;
  for (const ms of patched('attention-reminders') ? timings.remindersMs : []) {
    const wake = { at: since + ms, summary: 'waiting for an answer' };
    if (await wait(ctx, { until, wake })) {
      ctx.alarm.cancel();
      return;
    }
    log.warn('the loop still needs attention', {
      round: state.round,
      type: state.attention?.type,
      since: state.attention?.since,
    });
    tell(ctx, 'reminder');
  }
  await wait(ctx, { until });
}

/** Read through a function, since a handler may have set it while this one waited. */
function answerOf({ answer }: LoopState): LoopState['answer'] {
  return answer;
}
