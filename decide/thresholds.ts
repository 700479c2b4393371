import { reaches } from './comparison.ts';
import { claimedValue, type Policy } from './policy.ts';

/**
 * The `thresholds` policy: the table of the rules, exactly. T met → `target-reached`; a gain of at least M → go on; otherwise a round
 * without improvement, and after `patience` of them `not-improving` with a target, `good-enough` without. A round without a metric
 * decides nothing here: it goes on, and leaves patience as it is.
 */
export const thresholds: Policy = (situation) => {
  const { input, curve } = situation;
  const { target, patience } = input.settings;
  const claimed = claimedValue(situation);
  if (target !== null && claimed !== null && reaches(claimed, target))
    return { outcome: 'target-reached', targetMet: true };
  if (curve.present === null || curve.roundsWithoutImprovement < patience) return { outcome: null, targetMet: false };
  return { outcome: target === null ? 'good-enough' : 'not-improving', targetMet: false };
};
