import { type Curve, metricAt } from './curve.ts';
import type { Evaluation } from './evaluation.ts';
import type { Move, Seen, Strategy, Task } from './strategy.ts';
import type { Target } from './targets.ts';

/** Rounds that a run may take. */
export const MOST_ROUNDS = 12;
const SUBSETS = [0.25, 0.5];

/** How one run ended. */
export interface Ended {
  claimed: boolean;
  /** The metric as measured, after every training in order. */
  history: Seen[];
  /** Training images at the end. */
  images: number;
  rounds: number;
  /** Images bought, and for every training as many as the first round has; a part of it costs that part. */
  cost: number;
  /** Where the last move was to grow and the images or rounds had run out: how far it wanted to go. */
  wanted: number | null;
}

interface Run {
  curve: Curve;
  target: Target;
  evaluation: Evaluation;
  mostRounds?: number;
}

/**
 * Runs one strategy on one curve and target until it claims or gives up, or until its images or rounds have run out (which counts as
 * giving up).
 */
export function simulate(strategy: Strategy, { curve, target, evaluation, mostRounds = MOST_ROUNDS }: Run): Ended {
  const { start, cap } = curve;
  const task: Task = { target: target.value, cap, start, evaluationImages: evaluation.images };
  const look = (images: number) => evaluation.look(metricAt(curve, images));
  const history: Seen[] = strategy.subsets
    ? SUBSETS.map((share) => ({ images: Math.round(start * share), metric: look(start * share), share }))
    : [];
  let trainings = strategy.subsets ? SUBSETS.reduce((sum, share) => sum + share, 0) : 0;
  let images = start;
  for (let round = 1; ; round += 1) {
    history.push({ images, metric: look(images) });
    trainings += 1;
    const move = strategy.decide(history, task);
    const next = move.kind === 'grow' ? grown(images, move.to, cap) : images;
    if (move.kind !== 'grow' || next === images || round >= mostRounds)
      return ended(move, { history, images, rounds: round, cost: images + start * trainings });
    images = next;
  }
}

/** At least one image more, whole images, never past the cap. */
function grown(images: number, to: number, cap: number): number {
  return Math.min(cap, Math.max(images + 1, Math.ceil(to)));
}

function ended(move: Move, facts: Omit<Ended, 'claimed' | 'wanted'>): Ended {
  return { ...facts, claimed: move.kind === 'claim', wanted: move.kind === 'grow' ? move.to : null };
}
