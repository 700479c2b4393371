import type { Difference, Recomputed } from '../decide/recompute.ts';
import { changesSection } from './explain-changes.ts';
import { forecastSection } from './explain-forecast.ts';
import {
  capsSection,
  comparisonSection,
  curveSection,
  deltaSection,
  otherSection,
  type Section,
} from './explain-sections.ts';
import type { Styler } from './output.ts';
import type { RecordedRound } from './recorded-rounds.ts';
import { factsText, printable, wrapWords } from './text-table.ts';

/** A recorded round, and what making its decision again gave. */
export interface ExplainedRound extends RecordedRound {
  recomputed: Recomputed;
}

export interface ExplanationOptions {
  loop: string;
  style: Styler;
  /** Characters a line may have; no limit when absent. */
  width?: number | undefined;
}

/** Differences that are printed at most; `--json` has all. */
const SHOWN = 40;

/** Why the loop did what it did in a round, with every number behind it, and whether deciding again gives the same. */
export function explanationText(explained: ExplainedRound, { loop, style, width }: ExplanationOptions): string {
  const { decision, recomputed } = explained;
  // Sections compare rounds again; an input that contradicts itself can only be told as it is.
  const sections = recomputed.failure === null ? sectionsOf(explained, width) : [];
  return [
    `${style('bold', loop)}  round ${explained.round}\n${wrapWords(printable(decision.sentence), width)}`,
    ...sections.map(({ title, text }) => `${style('bold', title)}\n${text}`),
    decision.warnings.map((warning) => style('yellow', wrapWords(`Note: ${printable(warning)}`, width))).join('\n'),
    checkText(recomputed, style, width),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function sectionsOf(explained: ExplainedRound, width?: number): Section[] {
  return [
    curveSection(explained),
    comparisonSection(explained, width),
    forecastSection(explained, width),
    capsSection(explained, width),
    deltaSection(explained),
    otherSection(explained, width),
    changesSection(explained, width),
  ].filter((section) => section !== undefined);
}

/** A round in one short paragraph: the sentence, which also names the other policy, the check, and what was to be said beside it. */
export function explanationParagraph({ decision, recomputed, round }: ExplainedRound, width?: number): string {
  const more = recomputed.same ? '' : ` See deltaloop explain with round ${round}.`;
  const notes = decision.warnings.map((warning) => wrapWords(`Note: ${printable(warning)}`, width));
  return [
    wrapWords(`${printable(decision.sentence)} ${printable(checkWords(recomputed))}${more}`, width),
    ...notes,
  ].join('\n');
}

function checkWords({ same, differences, failure }: Recomputed): string {
  if (same) return 'Recomputed: the same words.';
  if (failure !== null) return `Recomputed: no decision can be made from the recorded input, since ${failure}.`;
  return differences.length === 1
    ? 'Recomputed: one field differs.'
    : `Recomputed: ${differences.length} fields differ.`;
}

function checkText(recomputed: Recomputed, style: Styler, width?: number): string {
  const { same, differences } = recomputed;
  const rest = differences.length - SHOWN;
  return [
    style(same ? 'green' : 'red', wrapWords(checkWords(recomputed), width)),
    ...differences.slice(0, SHOWN).map((difference) => differenceText(difference, width)),
    ...(rest > 0 ? [`  and ${rest} more; --json has all`] : []),
  ].join('\n');
}

function differenceText({ field, recorded, recomputed }: Difference, width?: number): string {
  const facts = [
    ['recorded', valueWords(recorded)],
    ['recomputed', valueWords(recomputed)],
  ] as const;
  return `${printable(field)}\n${factsText(facts, width)}`;
}

function valueWords(value: unknown): string {
  if (value === undefined) return '(absent)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
