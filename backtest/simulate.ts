import { SHARES } from '../loop/training-set.ts';
import { type Curve, metricAt } from './curve.ts';
import type { Evaluation } from './evaluation.ts';
import type { Move, Seen, Strategy, Task } from './strategy.ts';

/** Rounds that a run may take. */
const MOST_ROUNDS = 12;

/** How one run ended. */
export interface Ended {
  /** The strategy's own end, or `caps`: no images or rounds left, or `curve`: it would have gone on to where nothing is known. */
  end: 'claim' | 'give-up' | 'caps' | 'curve';
  /** The outcome in the words of the loop, where a strategy told it. */
  outcome: string | null;
  /** Every training in order, with its metric as measured. */
  history: Seen[];
  /** Training images at the end. */
  images: number;
  rounds: number;
  /** Images bought, and for every training as many as the first round has; a part of it costs that part. */
  cost: number;
  /** Images that it would have gone on to, beyond the end of the curve; null where it ended otherwise. */
  wanted: number | null;
}

/** A strategy's run. */
interface Run {
  curve: Curve;
  /** 0–1. */
  target: number;
  evaluation: Evaluation;
  /** What it may use: images up to the end of the curve and twelve rounds by default. */
  caps?: { images: number; rounds: number };
  /** Parts of the first round that can be trained on; by default ¼ and ½ where the curve begins early enough to know them. */
  parts?: readonly Part[];
}

/** A part of the first round's images. */
export interface Part {
  /** 0–1. */
  share: number;
  images: number;
}

/**
 * Runs one strategy on one curve and target until it claims or gives up, or until images, rounds or the curve have run out (which counts
 * as giving up). Parts of the first round are trained on where the strategy wants them.
 */
export function simulate(strategy: Strategy, { curve, target, evaluation, caps, parts: given }: Run): Ended {
  const { start } = curve;
  const { images: cap, rounds: mostRounds } = caps ?? { images: curve.cap, rounds: MOST_ROUNDS };
  const task: Task = { target, cap, rounds: mostRounds, start, evaluationImages: evaluation.images };
  const look = (size: number) => evaluation.look(metricAt(curve, size), size);
  const parts = strategy.subsets ? (given ?? partsOf(curve)) : [];
  const history: Seen[] = parts.map(({ share, images }) => ({
    images: Math.round(images),
    metric: look(images),
    share,
  }));
  const trained = parts.reduce((sum, { share }) => sum + share, 0);
  let images = start;
  for (let round = 1; ; round += 1) {
    history.push({ images, metric: look(images) });
    const move = strategy.decide(history, task);
    const next = move.kind === 'grow' ? grown(images, move.to, cap) : images;
    const end = endOf(move, { exhausted: next === images || round >= mostRounds, unknown: next > curve.cap });
    if (end !== null) {
      const facts = { outcome: outcomeOf(move), wanted: end === 'curve' ? next : null };
      return { end, ...facts, history, images, rounds: round, cost: images + start * (trained + round) };
    }
    images = next;
  }
}

function partsOf({ start, points }: Curve): Part[] {
  if ((points[0]?.images ?? start) > start * SHARES[0]) return [];
  return SHARES.map((share) => ({ share, images: start * share }));
}

/** At least one image more, whole images, never past the cap; the same where the cap leaves no room. */
function grown(images: number, to: number, cap: number): number {
  return Math.max(images, Math.min(cap, Math.max(images + 1, Math.ceil(to))));
}

/** How a run ends with this move; null when it goes on. */
function endOf(move: Move, after: { exhausted: boolean; unknown: boolean }): Ended['end'] | null {
  if (move.kind !== 'grow') return move.kind;
  if (after.exhausted) return 'caps';
  return after.unknown ? 'curve' : null;
}

function outcomeOf(move: Move): string | null {
  return move.kind === 'give-up' ? (move.outcome ?? null) : null;
}
