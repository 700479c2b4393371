import { ActivityFailure, condition, log, patched, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../activities/types.ts';
import type { Notice, NoticeKind } from '../loop/notice.ts';
import type { LoopContext } from './context.ts';
import { toProgress } from './loop-state.ts';
import { step } from './summaries.ts';
import { words } from './words.ts';

/**
 * Tells people through the worker's webhook, if it has one; goes on at once. A receiver that is away delays nothing and fails
 * nothing. Call it when the state says what is to be told.
 */
export function tell(ctx: LoopContext, kind: NoticeKind): void {
  const { state } = ctx;
  // Before a first step has said whether there is a webhook, the notice itself finds out.
  if (!(state.webhook ?? patched('notices'))) return;
  const notice = noticeOf(ctx, kind);
  state.outbox = [...(state.outbox ?? []), notice];
  deliver(ctx, notice);
}

/** Tells again what the run before had not got through to the receiver, under the same id. */
export function tellAgain(ctx: LoopContext): void {
  for (const notice of ctx.state.outbox ?? []) deliver(ctx, notice);
}

const WAITING = 'waiting until the webhook has taken the last notices';

/** Waits a while for what is still to be told; what the receiver has not taken then is given up. */
export async function untilTold({ state, timings }: LoopContext): Promise<void> {
  if (state.outbox === undefined) return;
  if (await condition(() => state.outbox === undefined, timings.noticeMs, { summary: WAITING })) return;
  log.warn('the loop ends with notices that the webhook has not taken', { notices: state.outbox.map(({ id }) => id) });
}

/** Tells, once each, that four fifths of the budget and that all of it is reserved or spent; once more after it was raised. */
export function tellBudget(ctx: LoopContext): void {
  const { state } = ctx;
  const { capMinutes, settledMinutes, reservedMinutes } = state.budget;
  const used = (settledMinutes + reservedMinutes) / capMinutes;
  const level = used >= 1 ? 100 : used >= 0.8 ? 80 : 0;
  const before = state.budgetTold?.capMinutes === capMinutes ? state.budgetTold.level : 0;
  if (level <= before) return;
  state.budgetTold = { level, capMinutes };
  log.warn(`${level} % of the compute budget is reserved or spent`, { round: state.round, ...state.budget });
  tell(ctx, level === 100 ? 'budget-100' : 'budget-80');
}

function noticeOf({ input, state }: LoopContext, kind: NoticeKind): Notice {
  const view = toProgress(input, state, words(input, state));
  const n = (state.noticed?.[kind] ?? 0) + 1;
  state.noticed = { ...state.noticed, [kind]: n };
  const { attention, result, round } = view;
  return {
    id: `${view.loop}/${round}/${kind}-${n}`,
    kind,
    at: new Date().toISOString(),
    round,
    title: view.title,
    state: view.state,
    next: view.next,
    metric: {
      name: view.metric,
      value: view.rounds.findLast(({ metric }) => metric !== null)?.metric ?? null,
      target: view.target,
    },
    images: view.images,
    budget: view.budget,
    ...(attention && { attention: { type: attention.type, step: attention.step } }),
    ...(result && { outcome: { outcome: result.outcome, recommended: result.recommended?.model ?? null } }),
  };
}

const RETRY = { initialInterval: '5s', backoffCoefficient: 2, maximumInterval: '10m' } as const;

function deliver(ctx: LoopContext, notice: Notice): void {
  const { state, input, timings } = ctx;
  const { notify } = proxyActivities<Pick<Activities, 'notify'>>({
    summary: step(notice.round, `tell people: ${notice.kind}`),
    taskQueue: `${workflowInfo().taskQueue}-waits`,
    scheduleToCloseTimeout: '1d',
    startToCloseTimeout: '1m',
    heartbeatTimeout: timings.heartbeatMs,
    retry: RETRY,
  });
  notify({ loop: input.spec.name, instanceId: input.instanceId, notice }).then(
    ({ configured }) => {
      state.webhook = configured;
      taken(ctx, notice);
    },
    (error: unknown) => {
      if (!(error instanceof ActivityFailure)) throw error;
      log.warn('a notice could not be delivered', { notice: notice.id, reason: error.cause?.message });
      taken(ctx, notice);
    },
  );
}

function taken({ state }: LoopContext, notice: Notice): void {
  const rest = (state.outbox ?? []).filter(({ id }) => id !== notice.id);
  if (rest.length === 0) delete state.outbox;
  else state.outbox = rest;
}
