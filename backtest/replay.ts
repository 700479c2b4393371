import { type Curve, curveOf, imagesFor, type MeasuredPoint, metricAt } from './curve.ts';
import { frozenEvaluation, recordedEvaluation, seedOf } from './evaluation.ts';
import type { PastRound } from './past-rounds.ts';
import { TOLERANCE } from './scores.ts';
import { type Ended, type Part, simulate } from './simulate.ts';
import { roundsOf, type Strategy } from './strategy.ts';

/** What was really done, and the task that it was done for. */
export interface Past {
  rounds: PastRound[];
  /** 0–1. */
  target: number;
  /** Null for the metric of a hold-out. */
  evaluationImages: number | null;
  caps: { images: number; rounds: number };
  /** How the loop really ended, in its own words. */
  outcome?: string;
}

/** What is known of a past. */
export interface KnownPast {
  curve: Curve;
  measured: MeasuredPoint[];
  /** Parts of the first round that were trained on too, smallest first. */
  parts: Part[];
  /** What was really used. */
  images: number;
  rounds: number;
  /** The fewest images that meet the target by the curve (a fraction of one allowed); null where it does not get there. */
  needed: number | null;
}

/** What a policy would have done in a past. */
export interface Replay {
  policy: string;
  title: string;
  /** 0–1. */
  target: number;
  /** Training images of each round. */
  sizes: number[];
  end: Ended['end'];
  outcome: string | null;
  wanted: number | null;
  /** The last metric as it was measured, and by the curve; 0–1. */
  measured: number;
  truth: number;
  /** Fewer images and rounds than were really used; null where it would have gone on to where nothing is known. */
  saved: { images: number; rounds: number } | null;
  draws: Draws | null;
}

/** The same with other luck: how runs ended that drew their evaluation images anew. */
export interface Draws {
  runs: number;
  claimed: number;
  /** Claimed more than a point below the target. */
  wrong: number;
  gaveUp: number;
  /** Ended by a cap, or at the end of what is known. */
  caps: number;
  curve: number;
}

/** Reads a past: rounds of one size count once with their mean, in order of images. At least three sizes with a metric. */
export function knownPast({ rounds, target }: Past): KnownPast {
  const withMetric = rounds.flatMap(({ images, metric }) => (metric === null ? [] : [{ images, metric }]));
  const bySize = [...Map.groupBy(withMetric, ({ images }) => images).entries()].sort(([a], [b]) => a - b);
  const measured = bySize.map(([images, same]) => ({
    images,
    metric: same.reduce((sum, { metric }) => sum + metric, 0) / same.length,
  }));
  const whole = rounds.filter(({ share }) => share === undefined);
  const start = Math.min(...whole.map(({ images }) => images));
  const curve = curveOf({ id: 'past', dataset: 'past', start }, measured);
  const images = Math.max(...whole.map((round) => round.images));
  const parts = rounds.flatMap(({ share, images: size, metric }) =>
    share === undefined || metric === null ? [] : [{ share, images: size }],
  );
  parts.sort((one, other) => one.share - other.share);
  return { curve, measured, parts, images, rounds: whole.length, needed: imagesFor(curve, target) };
}

/**
 * What a policy would have done: first with what was really measured (between two sizes linear in ln n), then with `draws` frozen
 * evaluation sets drawn anew around the curve; of a hold-out nothing can be drawn.
 */
export function replay(strategy: Strategy, past: Past, draws: number): Replay {
  const known = knownPast(past);
  const { curve, measured, parts } = known;
  const { target, caps, evaluationImages } = past;
  const run = { curve, target, caps, parts };
  const ended = simulate(strategy, { ...run, evaluation: recordedEvaluation(evaluationImages, measured) });
  const again = Array.from({ length: evaluationImages === null ? 0 : draws }, (_, draw) =>
    simulate(strategy, { ...run, evaluation: frozenEvaluation(evaluationImages ?? 0, seedOf(`draw ${draw}`)) }),
  );
  const { end, outcome, wanted, images, rounds, history } = ended;
  return {
    policy: strategy.name,
    title: strategy.title,
    target,
    sizes: roundsOf(history).map((round) => round.images),
    end,
    outcome,
    wanted,
    measured: history.at(-1)?.metric ?? Number.NaN,
    truth: metricAt(curve, images),
    saved: end === 'curve' ? null : { images: known.images - images, rounds: known.rounds - rounds },
    draws: again.length > 0 ? drawsOf(again, curve, target) : null,
  };
}

function drawsOf(runs: readonly Ended[], curve: Curve, target: number): Draws {
  const ending = (end: Ended['end']) => runs.filter((run) => run.end === end);
  const wrong = ending('claim').filter(({ images }) => metricAt(curve, images) < target - TOLERANCE).length;
  return {
    runs: runs.length,
    claimed: ending('claim').length,
    wrong,
    gaveUp: ending('give-up').length,
    caps: ending('caps').length,
    curve: ending('curve').length,
  };
}
