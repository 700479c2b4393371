import type { DecisionSettings } from '../loop/round.ts';
import { wilsonInterval } from './binomial.ts';
import type { Comparison } from './comparison.ts';
import { reaches } from './comparison.ts';
import { effectiveConfidence, measuringError, toleranceOf } from './forecast/forecast.ts';
import { asGiven, decimal, digitsWhere, percent, percentAsGiven, plural, roughly, shown } from './format.ts';
import { normalQuantile } from './normal.ts';
import { claimedValue, type Situation, type Verdict } from './policy.ts';
import { visibleGain } from './visible-gain.ts';

const HOLD_OUT_WARNING =
  'There is no evaluation set: every figure is the service’s own hold-out metric, which is optimistic and not comparable between ' +
  'rounds with different data.';

function tooSmall(size: number, margin: number, enough: number): string {
  return (
    `The evaluation set of ${plural(size, 'image')} is too small to see a gain of ${asGiven(margin)}: ` +
    `about ${plural(roughly(Math.max(enough, size + 1)), 'image')} would be enough.`
  );
}

/**
 * Said at the start of a loop: an evaluation set too small to see the margin, with the size that would be enough, or the missing
 * evaluation set. What it supposes before any measurement is told at `visibleGain`.
 */
export function startWarnings(
  settings: Pick<DecisionSettings, 'evaluationImages' | 'margin' | 'target' | 'claim' | 'task' | 'policy' | 'forecast'>,
  predictions: boolean,
): string[] {
  const { evaluationImages: size, margin, target, claim, task } = settings;
  if (size === null) return claim === 'lower-bound' ? [HOLD_OUT_WARNING, noLowerBound(target)] : [HOLD_OUT_WARNING];
  const { enough } = visibleGain({ size, margin, target, predictions, ...(task && { task }) });
  const seen = enough !== null && enough > size ? [tooSmall(size, margin, enough)] : [];
  return [...seen, ...tooHigh(settings, size)];
}

function unprovable(target: number, size: number): string {
  const most = wilsonInterval(1, size)[0];
  return `The target ${asGiven(target)} can never be claimed by its lower 95 % bound: on ${plural(size, 'evaluation image')} even a measured 1.00 has a bound of ${decimal(most, 3)}. Take more evaluation images, a lower target, or \`claim: measured\`.`;
}

/** A target so near to 1 that not even a measured 1 would prove it to the forecast. */
function tooHigh(settings: Parameters<typeof startWarnings>[0], size: number): string[] {
  const { target, policy, claim } = settings;
  if (target === null || policy === undefined) return [];
  if (claim === 'lower-bound' && wilsonInterval(1, size)[0] < target) return [unprovable(target, size)];
  if (policy !== 'forecast') return [];
  const confidence = effectiveConfidence(settings);
  const provable = (goal: number) =>
    goal - toleranceOf(settings) + normalQuantile(confidence) * measuringError({ ...settings, target: goal }) <= 1;
  if (provable(target)) return [];
  const highest = Array.from({ length: 100 }, (_, at) => (99 - at) / 100).find(provable) ?? 0;
  return [
    `The target ${asGiven(target)} can hardly be claimed: on ${plural(size, 'evaluation image')} even a measured 1.00 does not prove it with ` +
      `${percentAsGiven(confidence)}. A target of ${asGiven(highest)} or less can be claimed; more evaluation images and \`policy: thresholds\` are other ways.`,
  ];
}

/** Said at the start: N below what the service trains on. */
export function minimumWarning(imagesPerClass: number, minimum: number): string[] {
  if (imagesPerClass >= minimum) return [];
  return [`The first round takes ${minimum} images per class, the service’s minimum, instead of ${imagesPerClass}.`];
}

function noLowerBound(target: number | null): string {
  const what = target === null ? 'no claim can be made' : `the target ${asGiven(target)} can never be claimed`;
  return `A lower 95 % bound cannot be known without an evaluation set, so ${what}.`;
}

/** The decision hangs on the set's size when the gain reaches the margin and only the noise denies it. */
function sizeWarning(comparison: Comparison, settings: DecisionSettings): string[] {
  const { gain, noise, real } = comparison;
  const { margin, evaluationImages: size } = settings;
  const hangs = !real && noise !== null && size !== null && margin > 0 && reaches(gain, margin);
  return hangs ? [tooSmall(size, margin, noise.enoughFor(margin))] : [];
}

function predictionWarning({ noise, reference, point }: Comparison): string[] {
  if (noise === null || noise.kind.startsWith('paired') || noise.predicted === null) return [];
  const share = Math.floor(noise.predicted * 100);
  return [
    `Only ${share} % of the evaluation set was predicted in both round ${reference.round} and round ${point.round} (95 % is needed for the ` +
      'paired comparison): the wider two-sample noise is used.',
  ];
}

/** The forecast weighs all rounds: its word and the measured value may stand on two sides of the target, which is said. */
function forecastClaimWarnings({ input, curve, forecast }: Situation, { targetMet }: Verdict): string[] {
  const { target, metric, evaluationImages } = input.settings;
  const claim = forecast?.probabilities?.claim;
  if (target === null || curve.present === null || forecast === null || claim === undefined) return [];
  const measured = curve.present.metric;
  const above = reaches(measured, target);
  const onHoldOut =
    targetMet && evaluationImages === null
      ? [
          `The claim of the target ${asGiven(target)} rests on the service’s own hold-out metric alone, which is optimistic.`,
        ]
      : [];
  if (targetMet === above) return onHoldOut;
  const digits = digitsWhere((count) => shown(measured, count) >= shown(target, 6) === above);
  const words = `${metric} measured ${decimal(measured, digits)}, and all rounds together give a probability of ${percent(claim, forecast.used.confidence)} that the target is met`;
  return above
    ? [`The target ${asGiven(target)} is not claimed although the measured value reaches it: ${words}.`]
    : [`The target ${asGiven(target)} is claimed although the measured value is below it: ${words}.`, ...onHoldOut];
}

function claimWarnings(situation: Situation, verdict: Verdict): string[] {
  const { input, curve } = situation;
  const { target, claim, metric, policy } = input.settings;
  if (policy === 'forecast') return forecastClaimWarnings(situation, verdict);
  if (target === null || curve.present === null) return [];
  const claimed = claimedValue(situation);
  const measured = curve.present.metric;
  const bound = curve.interval?.[0];
  if (claimed === null || bound === undefined) return claim === 'lower-bound' ? [noLowerBound(target)] : [];
  if (reaches(bound, target) || !reaches(measured, target)) return [];
  const digits = digitsWhere((count) => shown(bound, count) < target && shown(measured, count) >= target);
  const figures = `${metric} measured ${decimal(measured, digits)} with a lower 95 % bound of ${decimal(bound, digits)}`;
  return claim === 'measured'
    ? [`The target ${asGiven(target)} is claimed by the measured value alone: ${figures}, below the target.`]
    : [`The target ${asGiven(target)} is not claimed although the measured value reaches it: ${figures}.`];
}

/** Everything to be said beside a decision's sentence; each entry is one sentence. */
export function decisionWarnings(situation: Situation, verdict: Verdict): string[] {
  const { settings } = situation.input;
  const { comparison } = situation.curve;
  const ofComparison =
    comparison === null ? [] : [...sizeWarning(comparison, settings), ...predictionWarning(comparison)];
  const ofHoldOut = settings.evaluationImages === null && situation.curve.present !== null ? [HOLD_OUT_WARNING] : [];
  return [...ofComparison, ...claimWarnings(situation, verdict), ...ofHoldOut];
}
