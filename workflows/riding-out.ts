import { log } from '@temporalio/workflow';
import { type LoopContext, show } from './context.ts';
import { tell } from './notices.ts';
import type { Outage } from './outage.ts';

/** A step's failure as it came to the workflow. */
interface News {
  type: string;
  message: string;
  /** Since when and how often the step tried. */
  details?: unknown;
}

/**
 * Takes a step's news that the service has not answered for long: from then on every view says so. The step is begun anew at once;
 * nobody has to answer. Returns whether the failure was such news.
 */
export function noteOutage(ctx: LoopContext, { type, message, details }: News): boolean {
  if (type !== 'ServiceUnavailable') return false;
  const { state } = ctx;
  const { since, tries } = troubleOf(details);
  const { since: first = since, tries: before = 0, told = 0 } = state.outage ?? {};
  state.outage = { since: first, tries: before + tries, message, told: told + 1 };
  log.warn('the vision service has not answered for long', {
    round: state.round,
    tries: state.outage.tries,
    reason: message,
  });
  show(ctx);
  tell(ctx, 'outage');
  return true;
}

/** Ends an outage once the service has answered. */
export function outageOver(ctx: LoopContext): void {
  const { state } = ctx;
  if (state.outage === undefined) return;
  log.info('the vision service answers again', { round: state.round, tries: state.outage.tries });
  delete state.outage;
  show(ctx);
}

function troubleOf(details: unknown): { since: number; tries: number } {
  const { since, tries } = (details ?? {}) as Partial<Outage>;
  return { since: since ?? Date.now(), tries: tries ?? 1 };
}
