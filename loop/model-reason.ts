import type { FailureType } from './failure.ts';

/**
 * Why a model name of a round was allowed: recorded before the service is asked, so that anybody can check that every further
 * training had a reason (`rounds/N/model-A.json`).
 */
export type ModelReason =
  /** The first training on the round's images. */
  | { kind: 'first' }
  /** The first training on a nested part of the first round's images; the part, 0–1. */
  | { kind: 'part'; share: number }
  /** The service reported the model before it as failed with this code. */
  | { kind: 'failure'; after: string; code: string }
  /** A person answered `retry` to what had become of the model before it. */
  | { kind: 'answer'; after: string; failure: FailureType; code: string | null; by: string; why: string };

/** A reason in a few words: `after NAME failed (notEnoughBudget)`. */
export function reasonInWords(reason: ModelReason): string {
  switch (reason.kind) {
    case 'first':
      return 'first training of the round';
    case 'part':
      return `${Math.round(reason.share * 100)} % of the round’s images`;
    case 'failure':
      return `after ${reason.after} failed (${reason.code})`;
    case 'answer':
      return `${reason.by} answered retry to ${reason.failure} of ${reason.after}${reason.code === null ? '' : ` (${reason.code})`}${reason.why === '' ? '' : `: ${reason.why}`}`;
  }
}
