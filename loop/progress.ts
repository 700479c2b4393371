import type { Attention } from './failure.ts';
import type { JournalEntry } from './journal.ts';
import type { LoopResult } from './outcome.ts';
import type { RoundRecord } from './round.ts';

export const PHASES = [
  'preparing',
  'collecting',
  'checking',
  'registering',
  'training',
  'evaluating',
  'deciding',
  'needs-attention',
  'paused',
  'done',
] as const;
export type Phase = (typeof PHASES)[number];

/** The state of a loop as `deltaloop status`, `watch` and the `progress` query show it. */
export interface LoopProgress {
  schemaVersion: 1;
  loop: string;
  title: string;
  phase: Phase;
  round: number;
  /** One sentence: what is happening now. */
  state: string;
  /** What happens next, who must act, and the command to type. */
  next: string;
  metric: string;
  target: number | null;
  /** Images of the evaluation set; null when the hold-out metric is used. */
  evaluationImages: number | null;
  /** Training images per class: what is there, what this round asks for, and (detection) what is there beyond what was asked. */
  classes: { name: string; have: number; need: number; surplus?: number }[];
  rounds: RoundRecord[];
  /** Decision sentence of the last round; empty before the first. */
  lastDecision: string;
  attention: Attention | null;
  /** Compute minutes. */
  budget: { capMinutes: number; reservedMinutes: number; settledMinutes: number };
  /** The caps in force, whoever set them last; absent in the answer of a worker from before. */
  caps?: { hours: number; images: number | null; rounds: number };
  /** The last of what people said to the loop, oldest first; absent as above. */
  journal?: JournalEntry[];
  images: number;
  /** ISO-8601 UTC; null without a deadline. */
  deadline: string | null;
  paused: boolean;
  warnings: string[];
  result: LoopResult | null;
}
