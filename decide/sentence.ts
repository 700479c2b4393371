import type { Forecast, OtherPolicy } from '../loop/forecast.ts';
import type { ClassCounts, DecisionSettings } from '../loop/round.ts';
import { FEWEST_CHANGES } from './binomial.ts';
import { type Comparison, reaches } from './comparison.ts';
import { totalOf } from './delta.ts';
import { perClassRange } from './first-round-words.ts';
import { chance, forecastWords } from './forecast/words.ts';
import { asGiven, decimal, digitsWhere, plural, range, shown, signed, whole } from './format.ts';
import type { Noise } from './noise.ts';
import { claimedValue, measuredTarget, type PolicyName, type Situation, type Stop, type Verdict } from './policy.ts';

/** A δ as its sentence says it. */
export interface Collecting {
  collect: ClassCounts;
  /** The image cap cuts it. */
  cut: boolean;
  /** Detection: images that it may take at most, since one counts for every class that it shows. */
  atMost?: number;
  /** Why a forecast's δ has this size, where a bound decides it. */
  step?: string;
}

/** What a decision leads to, as its sentence says it. */
type NextStep = { stop: string; reason: string | null } | Collecting;

/** `8 per class`, `8 more per class`, or `2–8 per class` where classes differ. */
export function perClassWords(delta: ClassCounts, more = ''): string {
  return `${perClassRange(delta)}${more} per class`;
}

/** Whether the printed gain and target stand on the side of M and of the metric that was decided. */
function verdictAgrees(situation: Situation, digits: number): boolean {
  const { comparison } = situation.curve;
  const { target } = situation.input.settings;
  const claimed = claimedValue(situation);
  const at = (value: number) => shown(value, digits);
  const targetAgrees =
    target === null || claimed === null || at(claimed) >= shown(target, 6) === reaches(claimed, target);
  if (comparison === null || comparison.gain <= 0) return targetAgrees;
  return targetAgrees && at(comparison.gain) >= at(comparison.threshold) === comparison.real;
}

/** Whether the printed gain is the difference of the printed metrics. */
function gainAgrees({ curve: { comparison } }: Situation, digits: number): boolean {
  if (comparison === null) return true;
  const { point, reference, gain } = comparison;
  const difference = shown(point.metric, digits) - shown(reference.metric, digits);
  return Math.abs(difference - shown(gain, digits)) < 1e-9;
}

/** Decimals at which nothing printed contradicts the decision; up to four so that the reader's own subtraction comes out too. */
function digitsFor(situation: Situation): number {
  const agrees = (digits: number) => verdictAgrees(situation, digits) && gainAgrees(situation, digits);
  const digits = digitsWhere(agrees, 4);
  return agrees(digits) ? digits : digitsWhere((count) => verdictAgrees(situation, count));
}

/** How the noise was found, where it is not the exact test on verdicts. */
const NOISE_WORDS: Record<Noise['kind'], string> = {
  paired: '',
  'paired bootstrap': ', paired bootstrap',
  bootstrap: ', unpaired bootstrap',
  'two-sample': ', unpaired',
};

function noiseWords({ noise, threshold }: Comparison, settings: DecisionSettings, digits: number): string {
  if (noise === null || settings.evaluationImages === null)
    return `margin ${asGiven(settings.margin)}, noise of a hold-out unknown`;
  const size = settings.evaluationImages;
  if (noise.changed !== null && noise.changed < FEWEST_CHANGES)
    return `${whole(noise.changed)} of ${whole(size)} verdicts changed, no change of so few would be real`;
  const how = NOISE_WORDS[noise.kind];
  const margin = threshold > noise.value ? `, margin ${asGiven(settings.margin)}` : '';
  return `noise ±${decimal(noise.value, digits)} on ${plural(size, 'image')}${how}${margin}`;
}

function head(situation: Situation, digits: number): string {
  const { round, settings, skipped } = situation.input;
  const { present, comparison, interval } = situation.curve;
  if (skipped !== undefined) return `Round ${round} was skipped (${skipped})`;
  if (present === null) return `Round ${round} has no metric`;
  const metric = settings.evaluationImages === null ? `${settings.metric} (hold-out)` : settings.metric;
  const value = decimal(present.metric, digits);
  if (comparison !== null) {
    const { reference, gain } = comparison;
    const numbers = `${decimal(reference.metric, digits)} → ${value}`;
    const noise = noiseWords(comparison, settings, digits);
    return `Round ${round} against round ${reference.round}: ${metric} ${numbers} (${signed(gain, digits)}, ${noise})`;
  }
  if (interval === null || settings.evaluationImages === null) return `Round ${round}: ${metric} ${value}`;
  const onSet = `95 % interval ${range(interval, digits)} on ${plural(settings.evaluationImages, 'image')}`;
  return `Round ${round}: ${metric} ${value} (${onSet})`;
}

function targetWords(situation: Situation, digits: number): string {
  const { target, claim } = situation.input.settings;
  const claimed = claimedValue(situation);
  if (target === null || claimed === null) return '';
  return claim === 'measured'
    ? `target ${asGiven(target)} reached`
    : `lower 95 % bound ${decimal(claimed, digits)} reaches the target ${asGiven(target)}`;
}

function judgement(situation: Situation, verdict: Verdict, digits: number): string {
  const { curve, input } = situation;
  if (input.settings.policy === 'forecast') return forecastJudgement(situation);
  const patience = `${curve.roundsWithoutImprovement} of ${input.settings.patience}`;
  if (verdict.targetMet) return targetWords(situation, digits);
  if (curve.present === null) return `patience stays at ${patience}`;
  if (curve.comparison === null) return 'the first round with a metric';
  return curve.comparison.real ? 'a real gain' : `not a real gain; round ${patience} without one`;
}

/** Under the forecast, patience ends nothing: rounds without a gain are only counted. */
function forecastJudgement(situation: Situation): string {
  const { curve, input, forecast } = situation;
  const { present, comparison, roundsWithoutImprovement: without } = curve;
  const gain =
    present === null || comparison === null
      ? null
      : comparison.real
        ? 'a real gain'
        : `not a real gain, ${plural(without, 'round')} in a row without one`;
  const { target, margin } = input.settings;
  const { capImages, available } = input.caps;
  const limited = capImages !== null || available !== undefined;
  const judged = { target, margin, rounds: input.history.length, limited, reached: measuredTarget(situation) };
  const words = forecast === null ? 'no point of the curve yet' : forecastWords(forecast, judged);
  return [gain, words].filter(Boolean).join('; ') || 'no new point of the curve';
}

function nextWords(next: NextStep): string {
  if ('stop' in next) return next.reason === null ? `stop: ${next.stop}` : `stop: ${next.stop}, ${next.reason}`;
  const { collect, cut, atMost, step } = next;
  if (atMost !== undefined)
    return `collect ${perClassWords(collect, ' more')} (at most ${plural(atMost, 'image')}${cut ? ', the room under the image cap' : ''})`;
  const total = totalOf(collect);
  const notes = [cut ? 'cut to the image cap' : '', step ?? ''].filter(Boolean);
  if (Object.keys(collect).length === 1)
    return `collect ${plural(total, 'more image')}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
  return `collect ${perClassWords(collect, ' more')} (${[plural(total, 'image'), ...notes].join(', ')})`;
}

/** What the other policy would have done, as the end of a sentence: `thresholds would stop as not-improving`. */
export function otherWords({ forecast }: Situation, policy: PolicyName, stop: Stop | null): string {
  if (stop === null) return `${policy} would collect`;
  const why = policy === 'forecast' && forecast !== null ? forecastReason(forecast, stop.outcome) : '';
  return `${policy} would stop as ${stop.outcome}${why}`;
}

function forecastReason({ probabilities, used }: Forecast, outcome: Stop['outcome']): string {
  if (probabilities === null) return '';
  const { claim, giveUp } = probabilities;
  if (outcome === 'target-reached') return `, met with a probability of ${chance(claim, used.confidence)}`;
  const within = chance(1 - giveUp, used.giveUp);
  return outcome === 'target-unreachable' ? `, within reach with a probability of ${within}` : '';
}

interface Told {
  verdict: Verdict;
  next: NextStep;
  stop: Stop | null;
  other: OtherPolicy | undefined;
}

/** Nothing where there is no other policy. */
function otherPart({ stop, other }: Told): string {
  if (other === undefined) return '';
  const same = other.outcome === (stop?.outcome ?? null);
  return same ? `; ${other.policy} would do the same` : `; ${other.words}`;
}

/**
 * The sentence of a decision with its numbers, such as "Round 4 against round 2: accuracyTop1 0.86 → 0.88 (+0.02, noise ±0.03 on 240
 * images): not a real gain; round 2 of 3 without one; collect 8 more per class (48 images)." It shows as many decimals as it takes
 * that no printed number contradicts the decision.
 */
export function decisionSentence(situation: Situation, told: Told): string {
  const digits = digitsFor(situation);
  const judged = judgement(situation, told.verdict, digits);
  return `${head(situation, digits)}: ${judged}; ${nextWords(told.next)}${otherPart(told)}.`;
}
