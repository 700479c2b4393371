import { setTimeout as delay } from 'node:timers/promises';
import type { LoopProgress } from '../../loop/progress.ts';
import { progress, resolve, resume, stop } from '../../workflows/messages.ts';
import { bounded, type RunningLoop } from './loops.ts';
import type { Answer, Plan } from './plan.ts';
import type { Stage } from './stage.ts';

const BY = 'the operator';
const LOOK_MS = 250;
const QUERY_MS = 2500;
/** A pause whose end was lost with a killed server is ended by the operator. */
const LONGEST_PAUSE_MS = 3000;
/** After the polite `stop`, so much later the one that cancels a training. */
const IMPATIENT_MS = 3500;
/** Generous, as the machine may be busy: no run that works comes near it. */
const STUCK_MS = 120_000;

/** How a loop was last seen. */
export interface Tended {
  /** Temporal's word: COMPLETED, CANCELLED, …; RUNNING for a loop that did not end. */
  status: string;
  seen: LoopProgress | null;
  answers: string[];
}

interface Tending {
  stage: Stage;
  loop: RunningLoop;
  plan: Pick<Plan, 'answers' | 'stopAtMs'>;
  startedAt: number;
}

/** Answers a loop whenever it asks, ends it when the run's time is over, and watches it until it has ended. */
export async function tend(tending: Tending): Promise<Tended> {
  const { stage, loop, startedAt } = tending;
  const state: State = { answers: [], seen: null, pausedSince: null, stops: 0, next: 0 };
  for (;;) {
    const status = await bounded(stage, () => loop.handle.describe()).then(
      (description) => description.status.name,
      () => 'RUNNING',
    );
    const over = status !== 'RUNNING' || Date.now() - startedAt > STUCK_MS;
    if (over) return { status, seen: state.seen, answers: state.answers };
    // A server or worker that is away for a moment is what this is about: look again.
    await act(tending, state).catch(() => undefined);
    await delay(LOOK_MS);
  }
}

interface State {
  answers: string[];
  seen: LoopProgress | null;
  pausedSince: number | null;
  /** Requests to stop so far. */
  stops: number;
  /** Which of the plan's answers is next. */
  next: number;
}

async function act(tending: Tending, state: State): Promise<void> {
  const { stage, loop, plan, startedAt } = tending;
  await endInTime(tending, state, Date.now() - startedAt - plan.stopAtMs);
  const seen = await bounded(stage, () => loop.handle.query(progress), QUERY_MS);
  state.seen = seen;
  state.pausedSince = seen.paused ? (state.pausedSince ?? Date.now()) : null;
  if (state.pausedSince !== null && Date.now() - state.pausedSince > LONGEST_PAUSE_MS)
    await bounded(stage, () => loop.handle.executeUpdate(resume, { args: [{ by: BY }] }));
  if (seen.attention) await answer(tending, state, seen.attention);
}

async function endInTime({ stage, loop }: Tending, state: State, overdueMs: number): Promise<void> {
  const wanted = overdueMs > IMPATIENT_MS ? 2 : overdueMs > 0 ? 1 : 0;
  if (state.stops >= wanted) return;
  const request = { now: wanted === 2, by: BY, reason: 'the run’s time is over' };
  await bounded(stage, () => loop.handle.executeUpdate(stop, { args: [request] }));
  state.stops = wanted;
}

async function answer(tending: Tending, state: State, asked: NonNullable<LoopProgress['attention']>): Promise<void> {
  const { stage, loop, plan } = tending;
  const wanted: Answer = plan.answers[state.next] ?? { answer: 'stop', afterMs: 0 };
  state.next += 1;
  await delay(wanted.afterMs);
  const { set } = wanted;
  const given = wanted.answer === 'skip' && !asked.canSkip ? 'retry' : wanted.answer;
  const send = (what: Answer['answer'], more: object) =>
    bounded(stage, () => loop.handle.executeUpdate(resolve, { args: [{ answer: what, by: BY, ...more }] }));
  state.answers.push(`${asked.step} ${asked.type}: ${given}`);
  // A loop that only writes down its end takes nothing but `retry`; changes that contradict its spec are refused.
  await send(given, set && given !== 'stop' ? { set } : {}).catch(() => send('retry', {}));
}
