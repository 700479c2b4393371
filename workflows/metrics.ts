import { metricMeter } from '@temporalio/workflow';
import type { TrainingEnd } from '../activities/types.ts';
import type { FailureType } from '../loop/failure.ts';
import type { Outcome } from '../loop/outcome.ts';
import type { Phase } from '../loop/progress.ts';
import type { Decision } from '../loop/round.ts';
import type { LoopContext } from './context.ts';

/**
 * What a loop counts of itself. It does so where the history stands behind it: a step that a lost worker did twice is
 * counted once, and a replay counts nothing. Counting adds no event. No label carries a name that a person gave.
 */
export function countDecision({ action, outcome }: Pick<Decision, 'action' | 'outcome'>): void {
  count('rounds_decided', 'Rounds that ended in a decision', { action, outcome: outcome ?? 'none' });
}

export function countEnd(outcome: Outcome): void {
  count('loops_ended', 'Loops that have ended', { outcome });
}

export function countAttention(type: FailureType): void {
  count('attention', 'Times a loop began to wait for an answer', { type });
}

export function countReserved(hours: number): void {
  metricMeter
    .createCounter('deltaloop_compute_minutes_reserved', '', 'Compute minutes set aside for trainings')
    .add(hours * 60);
}

/** @param minutes compute minutes owed for it */
export function countTraining({ status, code }: TrainingEnd, minutes: number): void {
  count('trainings', 'Trainings that have been settled', { end: code === 'diverged' ? code : status });
  metricMeter
    .createCounter('deltaloop_compute_minutes_spent', '', 'Compute minutes owed for settled trainings')
    .add(minutes);
}

function count(what: string, help: string, tags: Record<string, string>): void {
  metricMeter.createCounter(`deltaloop_${what}`, '', help).add(1, tags);
}

/** Records how long a phase that waits for something lasted, when it is left; the workflow's clock, so also over restarts. */
export function measurePhase({ state, input }: LoopContext, next: Phase): void {
  if (state.phase === next && state.phaseSince !== undefined) return;
  const waitedFor = awaited(state.phase, input.spec.collector.kind);
  if (waitedFor && state.phaseSince !== undefined) {
    metricMeter
      .createHistogram('deltaloop_wait', 'float', 'seconds', 'How long loops waited')
      .record(Math.max(0, Date.now() - state.phaseSince) / 1000, { waits_for: waitedFor });
  }
  state.phaseSince = Date.now();
}

function awaited(phase: Phase, collector: 'pool' | 'people'): string | null {
  if (phase === 'needs-attention') return 'attention';
  if (phase === 'training') return 'training';
  if (phase === 'paused') return 'resume';
  return phase === 'collecting' && collector === 'people' ? 'people' : null;
}
