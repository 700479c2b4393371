import type { ErrorDetails } from './contract.ts';

/** Whole compute hours that a `notEnoughBudget` failure names. */
export interface BudgetHint {
  minimumHours?: number;
  suggestedHours?: number;
}

/**
 * Reads the minimum and the suggested budget out of a `notEnoughBudget` failure: the contract carries them in the text
 * of the message only. What is not named is absent; fractions are rounded up to the whole hours of the wire.
 */
export function budgetHint(error: ErrorDetails): BudgetHint {
  const minimumHours = numberAfter(/\bminimum\b/i, error.message);
  const suggestedHours = numberAfter(/\b(?:suggest|recommend)\w*/i, error.message);
  return {
    ...(minimumHours === undefined ? {} : { minimumHours }),
    ...(suggestedHours === undefined ? {} : { suggestedHours }),
  };
}

function numberAfter(word: RegExp, text: string): number | undefined {
  const at = word.exec(text);
  if (at === null) return undefined;
  const number = /\d+(?:\.\d+)?/.exec(text.slice(at.index + at[0].length));
  return number === null ? undefined : Math.ceil(Number(number[0]));
}
