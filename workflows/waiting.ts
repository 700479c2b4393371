import { ActivityFailure, ApplicationFailure, CancellationScope, condition, log, patched } from '@temporalio/workflow';
import { FAILURES, type FailureType } from '../loop/failure.ts';
import type { Outcome } from '../loop/outcome.ts';
import { enter, type LoopContext, show } from './context.ts';
import { writeJournal } from './journal.ts';
import type { LoopState } from './loop-state.ts';
import { countAttention } from './metrics.ts';
import { tell, tellBudget } from './notices.ts';
import { noteOutage, outageOver } from './riding-out.ts';
import { step } from './summaries.ts';

/** Unwinds a step that is under way; never leaves the workflow. Whoever began something at the service settles it on the way. */
export abstract class Unwinding extends Error {}

/** Unwinds the main function to the loop's end. */
export class LoopEnd extends Unwinding {
  readonly outcome: Outcome;
  constructor(outcome: Outcome, note = '') {
    super(note);
    this.outcome = outcome;
  }
}

/** Unwinds a round whose step a person chose to skip: it is recorded without a metric. */
export class RoundSkipped extends Unwinding {
  readonly note: string;
  constructor(note: string) {
    super(note);
    this.note = note;
  }
}

/** Unwinds to where a model begins: a person named another service, and the model is to be made there. */
export class ServiceChanged extends Unwinding {
  /** What the person answered to; null where the loop was adjusted without having asked. */
  readonly failure: FailureType | null;
  constructor(failure: FailureType | null) {
    super();
    this.failure = failure;
  }
}

function serviceChanged({ state, input }: LoopContext): boolean {
  return state.bound !== undefined && state.bound !== input.spec.service;
}

/** Leaves a training and its evaluation when the last answer named another service. @throws ServiceChanged */
export function unwindIfMoved(ctx: LoopContext, failure: FailureType | null): void {
  if (serviceChanged(ctx)) throw new ServiceChanged(failure);
}

export function deadlinePassed({ input }: LoopContext): boolean {
  return input.deadline !== null && Date.now() >= input.deadline;
}

/** `by ann: lunch`, or `by ann` where no reason was given. */
function byWhom({ by, reason }: { by: string; reason?: string }): string {
  return `by ${by}${reason ? `: ${reason}` : ''}`;
}

/** Ends the loop if a person asked for it. */
export function endIfStopped({ state }: LoopContext): void {
  if (state.stop) throw new LoopEnd('stopped', byWhom(state.stop));
}

interface Wait {
  /** Ends the wait. A stop asked for by a person ends it too. */
  until: () => boolean;
  /** Instant to wake at beside the loop's deadline, epoch milliseconds, and its timer's label. */
  wake?: { at: number | null; summary: string };
}

/** The timer of the loop's deadline outlives the wait that starts it, so its label tells of nothing else. */
const DEADLINE = 'the loop’s deadline';

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
  if (state.paused) {
    enter(ctx, 'paused', `Paused ${byWhom(state.paused)}`);
    await wait(ctx, { until: () => state.paused === null });
    await writeJournal(ctx);
  }
  unwindIfMoved(ctx, null);
}

interface Failure {
  type: FailureType;
  message: string;
  /** What the step tells beside it; see `noteOutage`. */
  details?: unknown;
}

function failureOf(error: unknown): Failure | null {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return null;
  const { type, message, details } = error.cause;
  const known = type !== null && type !== undefined && type in FAILURES;
  return { type: known ? (type as FailureType) : 'Unexpected', message, details: details?.[0] };
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
    ...(SKIPPABLE.has(where) && !state.ending ? { canSkip: true } : {}),
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

interface Attempt<T> {
  /** Name of the step in what people read. */
  step: string;
  run: () => Promise<T>;
  /** Whether the step begins something new, which nothing may after the loop's deadline. */
  begins?: boolean;
  /** What the loop does about a failure by itself before it asks anybody; true when the step shall be tried again. */
  mend?: (failure: Failure) => Promise<boolean>;
  /** Told the failure that a person has just answered with `retry`. */
  onRetry?: (type: FailureType) => void | Promise<void>;
  /** Goes over to the service that a person has just named; without it the step unwinds. */
  onMoved?: () => Promise<void>;
}

/**
 * Runs a step until it works; what an operator can mend waits for an answer instead of failing the loop. `stop --now`
 * ends even a step that is being retried through an outage, and so does the deadline for a step that begins something.
 * @throws LoopEnd, RoundSkipped as `needsAttention`; ServiceChanged when the answer names another service than the model’s.
 */
export async function attempt<T>(ctx: LoopContext, asked: Attempt<T>): Promise<T> {
  const { step: where, run, begins, mend, onRetry, onMoved } = asked;
  for (;;) {
    tellBudget(ctx);
    try {
      const result = await orEnd(ctx, run, begins === true);
      outageOver(ctx);
      return result;
    } catch (error) {
      const failure = failureOf(error);
      if (!failure) throw error;
      if (noteOutage(ctx, failure)) continue;
      outageOver(ctx);
      if (await mend?.(failure)) continue;
      await needsAttention(ctx, where, failure);
      if (onMoved && serviceChanged(ctx)) await onMoved();
      else unwindIfMoved(ctx, failure.type);
      await onRetry?.(failure.type);
    }
  }
}

async function orEnd<T>(ctx: LoopContext, run: () => Promise<T>, begins: boolean): Promise<T> {
  const { state, input, alarm } = ctx;
  if (state.ending) return run();
  const scope = new CancellationScope();
  const running = scope.run(run);
  const over = () => state.stop?.now === true || (begins && deadlinePassed(ctx));
  if (begins && input.deadline !== null) alarm.ringBy(input.deadline, DEADLINE);
  let settled = false;
  const settle = () => {
    settled = true;
  };
  running.then(settle, settle);
  await condition(() => settled || over());
  if (settled) return running;
  scope.cancel();
  // What it still did, or failed at, is settled by whoever ends the loop.
  await running.then(settle, settle);
  endIfStopped(ctx);
  throw new LoopEnd('deadline');
}
