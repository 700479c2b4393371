import { compare } from '../decide/comparison.ts';
import { intervalOf } from '../decide/curve.ts';
import { effectiveConfidence } from '../decide/forecast/forecast.ts';
import {
  asGiven,
  decimal,
  digitsWhere,
  minutes,
  percent,
  percentAsGiven,
  plural,
  range,
  roughly,
  shown,
  signed,
  whole,
} from '../decide/format.ts';
import type { Noise } from '../decide/noise.ts';
import type { CurvePoint, Decision, DecisionInput, DecisionSettings } from '../loop/round.ts';
import type { RecordedRound } from './recorded-rounds.ts';
import { type Cell, factsText, printable, textTable, wrapWords } from './text-table.ts';

/** A part of an explanation: its heading, and its lines. */
export interface Section {
  title: string;
  text: string;
}

export type Fact = readonly [label: string, text: string];

/** Decimals of a metric in tables. */
const DIGITS = 3;

/** The points that the decision knew, parts of the first round first; undefined while there are none. */
export function curveSection({ input }: RecordedRound): Section | undefined {
  const { history, settings, subsets = [] } = input;
  const rows = [
    ...subsets.map((subset) => pointRow(partName(subset.share), { round: 1, model: '', ...subset }, input)),
    ...history.map((point) => pointRow(`round ${point.round}`, point, input)),
  ];
  if (rows.length === 0) return undefined;
  const header = ['point', 'images', settings.metric, '95 % interval', 'predicted'];
  return { title: 'The learning curve', text: textTable(header, rows) };
}

function partName(share: number): string {
  return `${SHARES[share] ?? percent(share)} of round 1`;
}

const SHARES: Record<number, string> = { 0.25: '¼', 0.5: '½' };

function pointRow(name: string, point: CurvePoint, { settings }: DecisionInput): Cell[] {
  const interval = intervalOf(point, settings.evaluationImages);
  return [
    name,
    whole(point.images),
    decimal(point.metric, DIGITS),
    interval === null ? '–' : range(interval, DIGITS),
    predictedWords(point, settings.evaluationImages),
  ];
}

/** Of a detector only what its resampled predictions gave is recorded, not how many there were. */
function predictedWords({ verdicts, resampled }: CurvePoint, size: number | null): string {
  if (resampled) return 'yes';
  if (verdicts === null) return '–';
  const predicted = verdicts.replaceAll('-', '').length;
  return `${whole(predicted)} of ${whole(size ?? predicted)}`;
}

/** The round against its reference, with everything that made the gain real or not. */
export function comparisonSection(recorded: RecordedRound, width?: number): Section {
  const { input, decision } = recorded;
  const digits = digitsOf(decision);
  const facts: Fact[] = [
    ['this round', presentWords(recorded, digits)],
    ...gainFacts(recorded, digits),
    [
      'without a gain',
      `${decision.roundsWithoutImprovement} of ${plural(input.settings.patience, 'round')} in a row (patience)`,
    ],
    ['target', targetWords(recorded)],
    ['policy that acts', input.settings.policy ?? 'thresholds'],
  ];
  return { title: 'The comparison', text: factsText(facts, width) };
}

/** Decimals at which the printed gain and threshold show who won. */
function digitsOf({ gain, threshold, realGain }: Decision): number {
  if (gain === null || threshold === null || gain <= 0) return DIGITS;
  return Math.max(
    DIGITS,
    digitsWhere((digits) => shown(gain, digits) >= shown(threshold, digits) === realGain),
  );
}

function presentWords({ input, decision }: RecordedRound, digits: number): string {
  const { metric, interval } = decision;
  const { settings, withoutMetric, skipped } = input;
  if (skipped !== undefined) return `no metric: ${skipped}`;
  if (metric === null) return `no metric; ${plural(withoutMetric, 'round')} in a row without one`;
  const size = settings.evaluationImages;
  const source = size === null ? 'of the service’s own hold-out' : `on ${plural(size, 'image')}`;
  const bounds = interval === null ? '' : `, 95 % interval ${range(interval, digits)}`;
  return `${settings.metric} ${decimal(metric, digits)} ${source}${bounds}`;
}

function gainFacts({ input, decision }: RecordedRound, digits: number): Fact[] {
  const { comparedWith, gain, noise, threshold, realGain } = decision;
  const reference = input.history.find(({ round }) => round === comparedWith);
  const present = input.history.at(-1);
  if (reference === undefined || present === undefined || gain === null || threshold === null)
    return [['compared with', decision.metric === null ? 'nothing' : 'nothing: the first round with a metric']];
  const first = input.history[0]?.round === comparedWith;
  const why = first ? 'the first round with a metric' : 'the last round that was a real gain';
  const how = compare(reference, present, input.settings).noise;
  const margin = asGiven(input.settings.margin);
  const larger =
    noise !== null && threshold <= noise
      ? `the noise; the margin ${margin} is not larger`
      : `the margin${noise === null ? '' : '; the noise is smaller'}`;
  return [
    ['compared with', `round ${comparedWith}, ${decimal(reference.metric, digits)}: ${why}`],
    ['gain', signed(gain, digits)],
    [
      'noise',
      noise === null || how === null
        ? 'unknown for a hold-out metric'
        : `±${decimal(noise, digits)}: ${noiseWords(how)}`,
    ],
    ['a real gain is', `at least ${decimal(threshold, digits)}: ${larger}`],
    ['so this is', realGain ? 'a real gain' : 'not a real gain'],
    ...sizeFact(how, input.settings),
  ];
}

/** How large the evaluation set would have to be for the operator's own margin, at the noise of this comparison. */
function sizeFact(noise: Noise | null, { margin, evaluationImages: size }: DecisionSettings): Fact[] {
  if (noise === null || size === null || margin === 0) return [];
  const enough = noise.enoughFor(margin);
  const has = enough > size ? `it has ${whole(size)}` : `its ${plural(size, 'image')} do`;
  return [
    [
      'to see the margin',
      `the evaluation set needs about ${plural(roughly(enough), 'image')} for ${asGiven(margin)}; ${has}`,
    ],
  ];
}

function noiseWords({ kind, changed }: Noise): string {
  if (kind === 'paired') return `exact paired test, ${plural(changed ?? 0, 'verdict')} changed`;
  if (kind === 'paired bootstrap') return 'both rounds on the same draws of evaluation images';
  return kind === 'bootstrap'
    ? 'each round on draws of its own, since too few images are predicted in both'
    : 'two independent samples of the evaluation set’s size';
}

function targetWords({ input: { settings }, decision }: RecordedRound): string {
  const { target, claim, policy } = settings;
  if (target === null) return 'none: the loop ends when more images no longer help';
  if (policy !== 'forecast')
    return `${asGiven(target)}, held against ${claim === 'measured' ? 'the measured metric' : 'the lower 95 % bound'}`;
  const least = percentAsGiven(decision.forecast?.used.confidence ?? effectiveConfidence(settings));
  const asked = claim === 'lower-bound' ? ' (claim: lower-bound)' : '';
  return `${asGiven(target)}, claimed when it is met with a probability of at least ${least}${asked}`;
}

/** What was used and allowed at that moment. */
export function capsSection({ input, deadline }: RecordedRound, width?: number): Section {
  const { caps, round, settings } = input;
  const source = settings.collectorExhausted
    ? 'has nothing new'
    : caps.available === undefined
      ? 'not used up, as far as is known'
      : `can still give ${plural(caps.available, 'image')}`;
  const facts: Fact[] = [
    [
      'compute',
      `${minutes(caps.settledMinutes)} of ${minutes(caps.capMinutes)} used; the next training reserves ${plural(caps.nextTrainingHours, 'hour')}${tookWords(input)}`,
    ],
    [
      'images',
      caps.capImages === null
        ? `${whole(caps.images)}; no cap`
        : `${whole(caps.images)} of at most ${whole(caps.capImages)}`,
    ],
    ['rounds', `${round} of at most ${whole(caps.capRounds)}`],
    ['deadline', deadlineWords(deadline, caps.deadlinePassed)],
    ['collector', source],
  ];
  return { title: 'The caps', text: factsText(facts, width) };
}

/** Parts of the first round are trained and billed beside it. */
function tookWords({ caps, round, subsets = [] }: DecisionInput): string {
  if (caps.roundMinutes === undefined) return '';
  const without = round === 1 && subsets.length > 0 ? ', without its parts' : '';
  return `; this round took ${minutes(caps.roundMinutes)}${without}`;
}

function deadlineWords(deadline: string | null, passed: boolean): string {
  if (deadline === null) return passed ? 'has passed' : 'none is set';
  return `${deadline} after the start of the loop: ${passed ? 'had passed' : 'had not passed'}`;
}

/** δ class by class; undefined when the loop stopped. */
export function deltaSection({ input, decision }: RecordedRound): Section | undefined {
  if (decision.delta === null) return undefined;
  const title = 'The next images, class by class';
  const { split, delta } = decision;
  if (split === undefined) {
    const rows = Object.entries(delta).map(([name, collect]) => [name, input.perClass[name] ?? 0, collect]);
    return { title, text: textTable(['class', 'have', 'collect'], rows) };
  }
  const measure = input.settings.task === 'detection' ? 'average precision' : 'recall';
  const rows = split.map(({ className, have, performance, noise, collect }) => [
    className,
    have,
    performance === null ? '–' : decimal(performance, DIGITS),
    noise === null ? '–' : `±${decimal(noise, DIGITS)}`,
    collect,
  ]);
  return { title, text: textTable(['class', 'have', measure, 'noise', 'collect'], rows) };
}

/** What the policy that did not act would have done; undefined in records of one policy only. */
export function otherSection({ decision }: RecordedRound, width?: number): Section | undefined {
  const { other } = decision;
  if (other === undefined) return undefined;
  const lines = wrapWords(printable(other.words), width === undefined ? undefined : width - 2);
  return { title: 'The other policy', text: `  ${lines.replaceAll('\n', '\n  ')}` };
}
