import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Rounds } from './loop-fields.ts';

/** Tells of every step (activity) that runs here: its start, its end with the time it took, its failures. */
export function watchSteps(rounds: Rounds): ActivityInterceptorsFactory {
  return (context) => {
    let round: number | null = null;
    return {
      inbound: {
        execute: (input, next) => {
          round = tellRound(context, input, rounds);
          return watched(context, () => next(input));
        },
      },
      outbound: {
        getLogAttributes: (attributes, next) => next({ ...attributes, ...(round === null ? {} : { round }) }),
      },
    };
  };
}

async function watched(context: Context, run: () => Promise<unknown>): Promise<unknown> {
  const { attempt } = context.info;
  context.log.debug('step started', { attempt });
  const since = performance.now();
  const durationMs = () => Math.round(performance.now() - since);
  try {
    const result = await run();
    context.log.info('step done', { attempt, durationMs: durationMs() });
    return result;
  } catch (error) {
    tellFailure(context, error, durationMs());
    throw error;
  }
}

/** The round that a step says it is of; null where it says none. */
function tellRound({ info }: Context, { args }: ActivityExecuteInput, rounds: Rounds): number | null {
  const [input] = args as [{ round?: unknown } | undefined];
  const loop = info.workflowExecution?.workflowId;
  if (loop === undefined || typeof input?.round !== 'number') return null;
  rounds.tell(loop, input.round);
  return input.round;
}

/** Cut short by a cancel or a stopping worker is no failure; what nobody foresaw is an error; the rest is a warning. */
function tellFailure({ log, info, metricMeter }: Context, error: unknown, durationMs: number): void {
  const told = { attempt: info.attempt, durationMs };
  if (error instanceof CancelledFailure || (error instanceof Error && error.name === 'AbortError')) {
    log.info('step cut short', told);
    return;
  }
  const known = error instanceof ApplicationFailure ? error : null;
  const type = known?.type ?? 'Unexpected';
  const reason = error instanceof Error ? error.message : String(error);
  metricMeter
    .createCounter('deltaloop_step_failures', '', 'Failed attempts of steps')
    .add(1, { type, again: !known?.nonRetryable });
  if (type === 'Unexpected') log.error('step failed', { ...told, type, reason, error });
  else if (known?.nonRetryable) log.warn('step failed; the loop is told', { ...told, type, reason });
  else log.warn('step failed and is tried again', { ...told, type, reason });
}
