import type { CurvePoint, DecisionInput, DecisionSettings } from '../loop/round.ts';
import { wilsonInterval } from './binomial.ts';
import { type Comparison, compare } from './comparison.ts';

/** What the history says at the moment of deciding. */
export interface CurveReading {
  /** The point of the present round; null for a round without a metric. */
  present: CurvePoint | null;
  /** The present round against its reference; null for the first point and for a round without a metric. */
  comparison: Comparison | null;
  /** Rounds with a metric, in a row up to now, that did not beat the reference by M. */
  roundsWithoutImprovement: number;
  /** 95 % interval of the present metric; null without a metric and for the hold-out metric. */
  interval: [number, number] | null;
}

/**
 * 95 % interval of a point's metric, 0–1: the recorded bootstrap's where there is one, else Wilson's; null when the hold-out metric
 * is used, whose size is not known.
 */
export function intervalOf(point: CurvePoint, evaluationImages: number | null): [number, number] | null {
  if (evaluationImages === null) return null;
  return point.resampled?.interval ?? wilsonInterval(point.metric, evaluationImages);
}

/** Follows the reference through the history: the last round that counted as a real gain, at first the first with a metric. */
function followReference(
  history: CurvePoint[],
  settings: DecisionSettings,
): { last: Comparison | null; misses: number } {
  let [reference] = history;
  let last: Comparison | null = null;
  let misses = 0;
  for (const point of history.slice(1)) {
    if (reference === undefined) break;
    last = compare(reference, point, settings);
    misses = last.real ? 0 : misses + 1;
    if (last.real) reference = point;
  }
  return { last, misses };
}

/**
 * Reads the learning curve of a loop. A round without a metric (diverged, skipped) is no point: it leaves patience as it is.
 * @throws RangeError when verdicts do not fit the evaluation set.
 */
export function readCurve({ round, history, settings }: DecisionInput): CurveReading {
  const { last, misses } = followReference(history, settings);
  const present = history.at(-1)?.round === round ? (history.at(-1) ?? null) : null;
  return {
    present,
    comparison: present === null ? null : last,
    roundsWithoutImprovement: misses,
    interval: present === null ? null : intervalOf(present, settings.evaluationImages),
  };
}
