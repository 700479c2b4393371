import type { DecisionInput } from '../loop/round.ts';
import { decide } from './decide.ts';

/** A field of a decision that came out otherwise; a side that lacks it is undefined. */
export interface Difference {
  /** Such as `sentence` or `forecast.probabilities.claim`. */
  field: string;
  recorded: unknown;
  recomputed: unknown;
}

/** What making a recorded decision again gives. */
export interface Recomputed {
  /** Every field and every word equal. */
  same: boolean;
  differences: Difference[];
  /** Why no decision could be made from the recorded input; null when one was. */
  failure: string | null;
}

/**
 * Makes a decision again from its recorded input and holds it against the recorded one, field by field, exactly: numbers to the last
 * digit, sentences to the last character. Pure.
 * @param recorded the decision as JSON holds it, with keys that this version may not know
 */
export function recompute(input: DecisionInput, recorded: unknown): Recomputed {
  try {
    const differences = differencesOf(recorded, asJson(decide(input)));
    return { same: differences.length === 0, differences, failure: null };
  } catch (error) {
    // Thrown for inputs that contradict themselves, such as verdicts that do not cover the evaluation set.
    if (error instanceof RangeError) return { same: false, differences: [], failure: error.message };
    throw error;
  }
}

/** As it would be read back from the file: without keys of undefined. */
function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function differencesOf(recorded: unknown, recomputed: unknown, field = ''): Difference[] {
  if (!isTree(recorded) || !isTree(recomputed) || Array.isArray(recorded) !== Array.isArray(recomputed))
    return Object.is(recorded, recomputed) ? [] : [{ field, recorded, recomputed }];
  const keys = new Set([...Object.keys(recorded), ...Object.keys(recomputed)]);
  return [...keys].flatMap((key) =>
    differencesOf(Reflect.get(recorded, key), Reflect.get(recomputed, key), field === '' ? key : `${field}.${key}`),
  );
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
