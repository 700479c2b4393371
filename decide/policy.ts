import type { Forecast } from '../loop/forecast.ts';
import type { Outcome } from '../loop/outcome.ts';
import type { DecisionInput } from '../loop/round.ts';
import { reaches } from './comparison.ts';
import type { CurveReading } from './curve.ts';

/** What a policy judges: the recorded inputs and what the curve says. */
export interface Situation {
  input: DecisionInput;
  curve: CurveReading;
  /** Null before the first point, and for inputs that were recorded before there were forecasts. */
  forecast: Forecast | null;
}

/** A policy's word, before any cap: stop with an outcome, or (null) go on collecting. */
export interface Verdict {
  outcome: Outcome | null;
  /** The target was met, which is decided before any cap. */
  targetMet: boolean;
}

/** Why a loop stops: its outcome, and a part of a sentence that says what it rests on. */
export interface Stop {
  outcome: Outcome;
  reason: string | null;
}

export type PolicyName = 'thresholds' | 'forecast';

/** A decision policy: a pure function of the situation. */
export type Policy = (situation: Situation) => Verdict;

/**
 * The value that is held against the target, 0–1: the measured metric or, if asked for, its lower 95 % bound; null when there is none
 * (no metric this round, or a lower bound of the hold-out metric, whose size is not known).
 */
export function claimedValue({ input, curve }: Situation): number | null {
  if (curve.present === null) return null;
  return input.settings.claim === 'measured' ? curve.present.metric : (curve.interval?.[0] ?? null);
}

/** Whether the present measurement itself reaches the target; no measurement does not. */
export function measuredTarget({ input, curve }: Situation): boolean {
  const { target } = input.settings;
  return target !== null && curve.present !== null && reaches(curve.present.metric, target);
}
