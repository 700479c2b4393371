/** What a strategy has seen: a round, or (with `share`) a model trained on that part of the first round's images. */
export interface Seen {
  images: number;
  /** 0–1, as measured. */
  metric: number;
  share?: number;
}

/** What a strategy is told of its task. */
export interface Task {
  /** 0–1. */
  target: number;
  /** Most images, all classes together, and most rounds. */
  cap: number;
  rounds: number;
  /** Images of the first round. */
  start: number;
  /** Size of the evaluation set; null where the metric is that of a hold-out. */
  evaluationImages: number | null;
}

/**
 * `grow`: collect up to so many images in all. `caps`: it would go on, and images or rounds have run out. `outcome`: in the words of the
 * loop, why it gives up.
 */
export type Move =
  | { kind: 'claim' }
  | { kind: 'grow'; to: number }
  | { kind: 'caps' }
  | { kind: 'give-up'; outcome?: string };

/** A policy under test. */
export interface Strategy {
  name: string;
  /** The name in words. */
  title: string;
  /** Whether it first trains on parts of the first round's images. */
  subsets: boolean;
  /** Its next move after the rounds so far, oldest first, parts of the first round before it; a pure function. */
  decide: (history: readonly Seen[], task: Task) => Move;
}

/** The rounds of a history, without the parts of the first. */
export function roundsOf(history: readonly Seen[]): Seen[] {
  return history.filter(({ share }) => share === undefined);
}
