/** What people are told of while a loop runs; never one for each step. */
export type NoticeKind =
  | 'needs-attention'
  | 'waiting-for-people'
  | 'reminder'
  | 'outage'
  | 'budget-80'
  | 'budget-100'
  | 'finished';

/** Something that people are told, once: plain values, without secrets. */
export interface Notice {
  /** `<loop>/<round>/<kind>-<n>`: the same for every try to tell it, and for nothing else. */
  id: string;
  kind: NoticeKind;
  /** ISO-8601 UTC. */
  at: string;
  round: number;
  title: string;
  /** What is happening, in a sentence or two. */
  state: string;
  /** What comes next, who must act, and the command to type. */
  next: string;
  metric: { name: string; value: number | null; target: number | null };
  images: number;
  /** Compute minutes. */
  budget: { capMinutes: number; reservedMinutes: number; settledMinutes: number };
  /** `needs-attention`: the failure's type, and the step that could not go on. */
  attention?: { type: string; step: string };
  /** `finished`: how the loop ended, and the model that it recommends. */
  outcome?: { outcome: string; recommended: string | null };
}
