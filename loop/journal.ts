import type { Changes } from './changes.ts';
import type { FailureType } from './failure.ts';

/** Something that a person said to a running loop: `journal/<sequence>.json`, written once. */
export interface JournalEntry {
  /** 1, 2, 3 … in the order in which the loop heard them. */
  sequence: number;
  kind: 'resolve' | 'adjust' | 'pause' | 'resume' | 'stop';
  /** Who said it; `Temporal UI` where nobody was named. */
  by: string;
  /** ISO-8601 UTC. */
  at: string;
  /** Why; empty where no reason was given. */
  reason: string;
  round: number;
  /** To what the loop had asked: `resolve` only. */
  about?: { type: FailureType; step: string; message: string };
  answer?: 'retry' | 'skip' | 'stop';
  /** What was changed, and what the same keys held before. */
  set?: Changes;
  before?: Record<string, unknown>;
}
