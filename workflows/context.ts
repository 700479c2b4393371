import { patched, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { Activities, OfLoop } from '../activities/types.ts';
import { withChanges } from '../loop/changes.ts';
import type { Phase } from '../loop/progress.ts';
import { Alarm } from './alarm.ts';
import { currentDetails } from './details.ts';
import { initialState, type LoopState } from './loop-state.ts';
import { DEFAULT_TIMINGS, type LoopInput, type Timings } from './messages.ts';
import { measurePhase } from './metrics.ts';
import { outagePatienceMs } from './outage.ts';
import { publish } from './search-attributes.ts';
import { step } from './summaries.ts';

/** One run of a loop: its input, its state, and the ways to act. */
export interface LoopContext {
  /** As the loop was started; what a new run is given. */
  readonly origin: LoopInput;
  /** The same with what people changed since: what is in force. */
  readonly input: LoopInput;
  readonly state: LoopState;
  readonly timings: Timings;
  readonly alarm: Alarm;
}

export function newContext(input: LoopInput, carried?: LoopState): LoopContext {
  const timings = { ...DEFAULT_TIMINGS, ...input.timings };
  const state = carried ?? initialState(input);
  return {
    origin: input,
    get input() {
      return { ...input, spec: withChanges(input.spec, state.changes) };
    },
    state,
    timings,
    alarm: new Alarm(),
  };
}

/**
 * Whose step an activity is: the loop, its round for the log, and what people changed of its spec. What belongs to a model goes to
 * that model’s service.
 */
export function ofLoop({ input, state, timings }: LoopContext): OfLoop {
  const outageMs = outagePatienceMs(state.outage, timings);
  const { bound = input.spec.service } = state;
  const changes = bound === input.spec.service ? state.changes : { ...state.changes, service: bound };
  return {
    loop: input.spec.name,
    round: state.round,
    ...(changes === undefined ? {} : { changes }),
    ...(outageMs === DEFAULT_TIMINGS.outageMs ? {} : { outageMs }),
  };
}

/** Shows the present state in the Temporal UI; costs no event. */
export function show({ input, state }: LoopContext): void {
  setCurrentDetails(currentDetails(input, state));
}

/** Whether somebody has to do something before the loop can go on. */
function needsHuman({ input, state }: LoopContext): boolean {
  return state.attention !== null || (state.phase === 'collecting' && input.spec.collector.kind === 'people');
}

/** Enters a phase and publishes it to the list of loops: one event. */
export function enter(ctx: LoopContext, phase: Phase, doing: string): void {
  now(ctx, phase, doing);
  publish(ctx.state, needsHuman(ctx));
}

/** Publishes what a message changed while the phase stays. */
export function republish(ctx: LoopContext): void {
  publish(ctx.state, needsHuman(ctx));
}

/** As `enter`, without the event: for the short steps between the long ones. */
export function now(ctx: LoopContext, phase: Phase, doing: string): void {
  measurePhase(ctx, phase);
  Object.assign(ctx.state, { phase, doing });
  show(ctx);
}

const RETRY = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' } as const;

/** Steps that take seconds to minutes, on the loop's own task queue; retried for `limitMs` at most, if given. */
export function work(ctx: LoopContext, summary: string, limitMs?: number): Activities {
  return proxyActivities<Activities>({
    ...common(ctx, summary, limitMs),
    startToCloseTimeout: '6h',
    // Whatever its documentation says, the SDK does not wait by default: a training could begin behind the back of a loop that ends.
    cancellationType: patched('wait-for-cancelled') ? 'WAIT_CANCELLATION_COMPLETED' : 'TRY_CANCEL',
  }) as Activities;
}

/**
 * Steps that wait for the service, on a queue with slots of its own, so that waiting starves nobody. They only look,
 * so nobody waits for one that is cancelled.
 */
export function waits(ctx: LoopContext, summary: string, limitMs?: number): Activities {
  return proxyActivities<Activities>({
    ...common(ctx, summary, limitMs),
    taskQueue: `${workflowInfo().taskQueue}-waits`,
    startToCloseTimeout: '60d',
    cancellationType: 'TRY_CANCEL',
  }) as Activities;
}

function common({ state, timings }: LoopContext, summary: string, limitMs?: number) {
  return {
    summary: step(state.round, summary),
    heartbeatTimeout: timings.heartbeatMs,
    retry: RETRY,
    ...(limitMs === undefined ? {} : { scheduleToCloseTimeout: limitMs }),
  };
}
