import type { OtherPolicy } from '../loop/forecast.ts';
import type { Decision, DecisionInput } from '../loop/round.ts';
import { capReached } from './caps.ts';
import { readCurve } from './curve.ts';
import { forecastOf } from './forecast/forecast.ts';
import { forecastPolicy } from './forecast/policy.ts';
import { asGiven, plural } from './format.ts';
import { nextCollecting } from './next-collecting.ts';
import type { Policy, PolicyName, Situation, Stop, Verdict } from './policy.ts';
import { recommend } from './recommend.ts';
import { decisionSentence, otherWords, perClassWords } from './sentence.ts';
import { splitRows } from './split.ts';
import { thresholds } from './thresholds.ts';
import { decisionWarnings } from './warnings.ts';

const POLICIES: Record<PolicyName, Policy> = { thresholds, forecast: forecastPolicy };

/** What a stop of the policy itself says beside its outcome. */
function policyReason({ input }: Situation, verdict: Verdict): string | null {
  const { target } = input.settings;
  if (verdict.targetMet) return null;
  if (target !== null) return `target ${asGiven(target)} not reached`;
  const chosen = recommend(input.history, input.settings);
  return chosen === null ? null : `round ${chosen.round} is recommended (${plural(chosen.images, 'image')})`;
}

/**
 * Why the loop stops, or null. The policy's own stop costs nothing, so it comes first; the caps are checked before the next round is
 * paid for. `images-exhausted` comes last: it is what the next collecting would find, and a cap forbids that collecting.
 */
function whyStop(situation: Situation, verdict: Verdict): Stop | null {
  const { caps, round, settings, withoutMetric } = situation.input;
  if (withoutMetric >= settings.patience)
    return { outcome: 'not-improving', reason: `${plural(withoutMetric, 'round')} in a row gave no metric` };
  if (verdict.outcome !== null) return { outcome: verdict.outcome, reason: policyReason(situation, verdict) };
  const cap = capReached(caps, round);
  if (cap !== null) return cap;
  if (!settings.collectorExhausted) return null;
  return { outcome: 'images-exhausted', reason: `the collector has nothing new after ${plural(caps.images, 'image')}` };
}

/** What the policy that does not act would have done; undefined for inputs that were recorded before there were two. */
function otherPolicy(situation: Situation): OtherPolicy | undefined {
  const { policy: acting } = situation.input.settings;
  if (acting === undefined) return undefined;
  const policy = acting === 'forecast' ? 'thresholds' : 'forecast';
  const stop = whyStop(situation, POLICIES[policy](situation));
  return {
    policy,
    action: stop === null ? 'collect' : 'stop',
    outcome: stop?.outcome ?? null,
    words: otherWords(situation, policy, stop),
  };
}

/**
 * Decides what follows a round: stop with an outcome, or collect δ. A pure function: the same input gives the same decision, word for
 * word. A target met is decided before any cap.
 * @throws RangeError when verdicts do not fit the evaluation set.
 */
export function decide(input: DecisionInput): Decision {
  const { policy } = input.settings;
  const forecast = policy === undefined ? null : forecastOf(input);
  const situation: Situation = { input, curve: readCurve(input), forecast };
  const verdict = POLICIES[policy ?? 'thresholds'](situation);
  const stop = whyStop(situation, verdict);
  const next = stop === null ? nextCollecting(situation) : { stop: stop.outcome, reason: stop.reason };
  const delta = 'collect' in next ? next.collect : null;
  const other = otherPolicy(situation);
  const { present, comparison, interval, roundsWithoutImprovement } = situation.curve;
  return {
    round: input.round,
    action: stop === null ? 'collect' : 'stop',
    outcome: stop?.outcome ?? null,
    metric: present?.metric ?? null,
    comparedWith: comparison?.reference.round ?? null,
    gain: comparison?.gain ?? null,
    noise: comparison?.noise?.value ?? null,
    threshold: comparison?.threshold ?? null,
    realGain: comparison?.real ?? false,
    roundsWithoutImprovement,
    interval,
    sentence: decisionSentence(situation, { verdict, next, stop, other }),
    warnings: decisionWarnings(situation, verdict),
    delta,
    ...(policy !== undefined && 'collect' in next && next.atMost !== undefined ? { atMost: next.atMost } : {}),
    ...(forecast === null ? {} : { forecast }),
    ...(other === undefined ? {} : { other }),
    ...(policy === undefined || delta === null ? {} : { split: splitRows(delta, input) }),
  };
}

/** A decision in a few words, for the rounds table: `collect 8 per class`, `stop: target-reached`. */
export function decisionInWords(decision: Pick<Decision, 'outcome' | 'delta'>): string {
  if (decision.delta !== null) return `collect ${perClassWords(decision.delta)}`;
  return `stop: ${decision.outcome ?? 'stopped'}`;
}
