import type { Outcome, Recommendation } from '../loop/outcome.ts';
import type { CapsState, CurvePoint } from '../loop/round.ts';
import { reaches } from './comparison.ts';
import { asGiven, decimal, digitsWhere, plural, range, shown, whole } from './format.ts';
import { bestOf } from './recommend.ts';

/** What the sentence of an ended loop is made of. */
export interface OutcomeFacts {
  outcome: Outcome;
  metric: string;
  target: number | null;
  patience: number;
  /** The policy that decided. */
  policy: 'thresholds' | 'forecast';
  /** The smallest gain that counts, 0–1. */
  margin: number;
  /** Rounds with a metric, in order. */
  history: CurvePoint[];
  recommended: Recommendation | null;
  /** Rounds begun, with or without a metric. */
  rounds: number;
  /** Accepted training images, all classes together. */
  images: number;
  /** Compute minutes billed. */
  billedMinutes: number;
  caps: Pick<CapsState, 'capMinutes' | 'capImages' | 'capRounds'>;
}

const LEADS: Record<Outcome, (facts: OutcomeFacts) => string> = {
  'target-reached': ({ target }) => `Target ${target === null ? '' : `${asGiven(target)} `}reached`,
  'good-enough': ({ policy, patience, margin }) =>
    policy === 'forecast'
      ? `Good enough: doubling the images would probably not gain the margin of ${asGiven(margin)}`
      : `Good enough: ${plural(patience, 'round')} in a row brought no real gain`,
  // The forecast goes on through rounds without a gain, but not through rounds without a metric.
  'not-improving': (facts) =>
    `Not improving: ${plural(facts.patience, 'round')} in a row ${facts.policy === 'forecast' ? 'gave no metric' : 'brought no real gain'}${missed(facts)}`,
  'target-unreachable': ({ target }) =>
    `Target ${target === null ? '' : `${asGiven(target)} `}is probably out of reach within the caps`,
  'images-exhausted': (facts) => `Images exhausted: the collector has nothing new${missed(facts)}`,
  'budget-exhausted': (facts) =>
    `Budget exhausted: what is left of ${whole(facts.caps.capMinutes)} compute minutes does not hold another training${missed(facts)}`,
  'image-limit': (facts) =>
    `Image limit: all ${plural(facts.caps.capImages ?? facts.images, 'image')} allowed are used${missed(facts)}`,
  'round-limit': (facts) =>
    `Round limit: all ${plural(facts.caps.capRounds, 'round')} allowed are done${missed(facts)}`,
  deadline: (facts) => `Deadline: the loop’s time is over${missed(facts)}`,
  stopped: (facts) => `Stopped by a person${missed(facts)}`,
};

/** Says what became of the target; nothing where there is none. */
function missed({ target, history }: OutcomeFacts): string {
  if (target === null) return '';
  const best = bestOf(history);
  return best !== null && reaches(best.metric, target)
    ? `, the target ${asGiven(target)} not claimed although round ${best.round} measured ${decimal(best.metric, digitsAgainst(best.metric, target))}`
    : `, target ${asGiven(target)} not reached`;
}

/** Decimals at which a printed metric stands on the right side of the printed target. */
function digitsAgainst(metric: number, target: number): number {
  return digitsWhere((digits) => shown(metric, digits) >= shown(target, 6) === reaches(metric, target));
}

function usedWords({ rounds, images, billedMinutes }: OutcomeFacts): string {
  return `after ${plural(rounds, 'round')}, ${plural(images, 'training image')} and ${plural(billedMinutes, 'compute minute')}`;
}

/** A recommended model of fewer images may measure less than the best; where that means below a target met, it is said. */
function recommendedWords(facts: OutcomeFacts): string {
  const { recommended, metric, target } = facts;
  if (recommended === null) return 'no round has a metric, so no model is recommended';
  const digits = target === null ? 2 : digitsAgainst(recommended.metric, target);
  const interval =
    recommended.interval === null ? 'hold-out metric' : `95 % interval ${range(recommended.interval, digits)}`;
  return (
    `recommended is the model of round ${recommended.round} (${plural(recommended.images, 'image')}) with ` +
    `${metric} ${decimal(recommended.metric, digits)} (${interval})${belowWords(facts)}`
  );
}

/** Empty where the recommended model measured the target, or nothing was claimed. */
function belowWords({ recommended, history, target, outcome }: OutcomeFacts): string {
  const best = bestOf(history);
  if (target === null || best === null || recommended === null || reaches(recommended.metric, target)) return '';
  if (best.round === recommended.round)
    return outcome === 'target-reached' ? ', measured below the target, which all rounds together claim' : '';
  if (outcome !== 'target-reached' && !reaches(best.metric, target)) return '';
  return `, below the target but not really worse than round ${best.round} with ${decimal(best.metric, digitsAgainst(best.metric, target))}`;
}

/**
 * The sentence of a loop that ended: the reason, what was used, and the recommended model with its evidence. Covers every outcome, also
 * those that the workflow reaches without a decision (`stopped`, `deadline` while waiting).
 */
export function outcomeSentence(facts: OutcomeFacts): string {
  return `${LEADS[facts.outcome](facts)}, ${usedWords(facts)}; ${recommendedWords(facts)}.`;
}
