import type { Decision, DecisionInput } from '../loop/round.ts';
import { capReached } from './caps.ts';
import { readCurve } from './curve.ts';
import { nextDelta, nextDetectionDelta, totalOf } from './delta.ts';
import { asGiven, plural } from './format.ts';
import type { Situation, Verdict } from './policy.ts';
import { recommend } from './recommend.ts';
import { decisionSentence, type NextStep, perClassWords } from './sentence.ts';
import { thresholds } from './thresholds.ts';
import { decisionWarnings } from './warnings.ts';

type Stop = { outcome: NonNullable<Decision['outcome']>; reason: string | null };

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

function nextStep(situation: Situation, stop: Stop | null): NextStep {
  if (stop !== null) return { stop: stop.outcome, reason: stop.reason };
  const { caps, perClass, settings, ranShort } = situation.input;
  const room = caps.capImages === null ? null : caps.capImages - caps.images;
  if (settings.task === 'detection') {
    const collect = nextDetectionDelta(perClass, settings.delta, ranShort);
    const total = totalOf(collect);
    return { collect, cut: room !== null && room < total, atMost: Math.min(total, room ?? total) };
  }
  const collect = nextDelta(perClass, settings.delta, room);
  const whole = nextDelta(perClass, settings.delta, null);
  return { collect, cut: totalOf(collect) < totalOf(whole) };
}

/**
 * Decides what follows a round: stop with an outcome, or collect δ. A pure function: the same input gives the same decision, word for
 * word. A target met is decided before any cap.
 * @throws RangeError when verdicts do not fit the evaluation set.
 */
export function decide(input: DecisionInput): Decision {
  const situation: Situation = { input, curve: readCurve(input) };
  const verdict = thresholds(situation);
  const stop = whyStop(situation, verdict);
  const next = nextStep(situation, stop);
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
    sentence: decisionSentence(situation, verdict, next),
    warnings: decisionWarnings(situation),
    delta: 'collect' in next ? next.collect : null,
  };
}

/** A decision in a few words, for the rounds table: `collect 8 per class`, `stop: target-reached`. */
export function decisionInWords(decision: Pick<Decision, 'outcome' | 'delta'>): string {
  if (decision.delta !== null) return `collect ${perClassWords(decision.delta)}`;
  return `stop: ${decision.outcome ?? 'stopped'}`;
}
