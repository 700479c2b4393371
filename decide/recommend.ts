import type { Recommendation } from '../loop/outcome.ts';
import type { CurvePoint, DecisionSettings } from '../loop/round.ts';
import { compare } from './comparison.ts';
import { intervalOf } from './curve.ts';

type Yardstick = Pick<DecisionSettings, 'margin' | 'evaluationImages'>;

/** On an evaluation set the noise alone says what is really worse; the hold-out metric has none, so the margin stands in. */
function reallyWorse(point: CurvePoint, best: CurvePoint, settings: Yardstick): boolean {
  const margin = settings.evaluationImages === null ? settings.margin : 0;
  return compare(point, best, { ...settings, margin }).real;
}

/** The round with the highest metric; of equals the one with the fewest images, then the earliest. Null without a metric. */
export function bestOf(history: CurvePoint[]): CurvePoint | null {
  return history.toSorted((one, other) => other.metric - one.metric || one.images - other.images)[0] ?? null;
}

/**
 * The model a loop recommends: of those not really worse (paired, else two-sample) than the best, the one of the fewest images,
 * with its 95 % interval; of equals the better, then the earlier. Null when no round has a metric.
 * @throws RangeError when verdicts do not fit the evaluation set.
 */
export function recommend(history: CurvePoint[], settings: Yardstick): Recommendation | null {
  const best = bestOf(history);
  if (best === null) return null;
  const [chosen = best] = history
    .filter((point) => !reallyWorse(point, best, settings))
    .toSorted((one, other) => one.images - other.images || other.metric - one.metric);
  return {
    model: chosen.model,
    round: chosen.round,
    images: chosen.images,
    metric: chosen.metric,
    interval: intervalOf(chosen, settings.evaluationImages),
  };
}
