import { measuredTarget, type Policy } from '../policy.ts';
import { ENOUGH_POINTS } from './forecast.ts';

/**
 * The `forecast` policy (rules, "Stop or go on"): claims the target when it is met with the claim confidence, stops as
 * `target-unreachable` when the caps reach it with less than the give-up probability; without a target it stops as `good-enough` when
 * twice the images gain the margin with less than that. Nothing is given up before three rounds were measured (parts of the first lie too
 * close together), and patience ends nothing.
 */
export const forecastPolicy: Policy = (situation) => {
  const { forecast, input, curve } = situation;
  if (forecast === null) return { outcome: null, targetMet: false };
  const { probabilities, gainOfDoubling, extrapolates, next, used } = forecast;
  if (probabilities !== null && probabilities.claim >= used.confidence)
    return { outcome: 'target-reached', targetMet: true };
  // Where no further round is allowed, the cap that forbids it says so.
  if (!extrapolates || curve.present === null || next === null || input.history.length < ENOUGH_POINTS)
    return { outcome: null, targetMet: false };
  // A target that was just measured is not out of reach, however little so few evaluation images prove.
  if (probabilities !== null && !measuredTarget(situation) && 1 - probabilities.giveUp < used.giveUp)
    return { outcome: 'target-unreachable', targetMet: false };
  return { outcome: gainOfDoubling !== null && gainOfDoubling < used.giveUp ? 'good-enough' : null, targetMet: false };
};
