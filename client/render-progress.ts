import { asGiven, decimal, minutes, plural, signed, whole } from '../decide/format.ts';
import { entryInWords } from '../loop/journal.ts';
import type { LoopProgress } from '../loop/progress.ts';
import { marked } from '../report/outcome-words.ts';
import { roundsTable } from '../report/rounds-table.ts';
import { type ClassTableOptions, classTable } from './class-table.ts';
import { type LoopPlaces, placesText } from './loop-places.ts';
import type { Styler, Tone } from './output.ts';
import { outcomeText } from './render-outcome.ts';
import { printable, wrapParts, wrapWords } from './text-table.ts';

/** Decimals of a metric, as in the rounds table. */
const DIGITS = 3;

export interface RenderOptions extends ClassTableOptions {
  style: Styler;
  places?: LoopPlaces;
  /** The learning curve as text, where it is to be shown. */
  curve?: string;
}

/** The whole state of a loop for a terminal: what happens, what next, classes, rounds, their curve, the last decision, warnings. */
export function renderProgress(progress: LoopProgress, options: RenderOptions): string {
  const { style, width, places, curve } = options;
  return [
    headline(progress, options),
    statusLine(progress, options),
    classTable(progress, options),
    roundsText(progress, width),
    curve,
    progress.lastDecision && wrapWords(`Last decision: ${printable(progress.lastDecision)}`, width),
    journalText(progress, width),
    progress.warnings.map((warning) => style('yellow', wrapWords(`Note: ${printable(warning)}`, width))).join('\n'),
    places && placesText(places),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function headline(progress: LoopProgress, { style, width }: RenderOptions): string {
  const title = progress.title === progress.loop ? '' : `  ${printable(progress.title)}`;
  const name = `${style('bold', progress.loop)}${title}`;
  if (progress.result) return `${name}\n${outcomeText(progress.result, style, width)}`;
  return [
    name,
    style(toneOf(progress), wrapWords(printable(progress.state), width)),
    wrapWords(`Next: ${printable(progress.next)}`, width),
  ].join('\n');
}

function toneOf({ attention, paused }: LoopProgress): Tone {
  if (attention) return 'red';
  return paused ? 'yellow' : 'cyan';
}

/** Round, images, metric with its last change, target, compute, phase: one line, or as many as the width asks for. */
export function statusLine(progress: LoopProgress, { width }: Pick<RenderOptions, 'width'> = {}): string {
  const { budget, round, target, caps } = progress;
  const parts = [
    `R${round}${caps === undefined ? '' : `/${caps.rounds}`}`,
    imagesPart(progress),
    metricPart(progress),
    target === null ? 'no target' : `target ${asGiven(target)}`,
    `${minutes(budget.settledMinutes)} of ${minutes(budget.capMinutes)} compute`,
    progress.phase,
  ];
  return wrapParts(parts.filter(Boolean), width);
}

function imagesPart({ images, caps }: LoopProgress): string {
  const most = caps?.images ?? null;
  return most === null ? plural(images, 'image') : `${whole(images)} of at most ${plural(most, 'image')}`;
}

/** What people said last, a line each; empty where nobody said anything. */
function journalText({ journal = [] }: LoopProgress, width?: number): string {
  if (journal.length === 0) return '';
  const lines = journal.map((entry) => wrapWords(`  ${printable(entryInWords(entry))}`, width));
  return ['What people said last:', ...lines].join('\n');
}

function metricPart({ rounds, metric, evaluationImages }: LoopProgress): string {
  const last = rounds.findLast((record) => record.metric !== null);
  if (!last || last.metric === null) return '';
  const optimistic = evaluationImages === null ? ' (hold-out, optimistic)' : '';
  const noise = last.noise === null ? '' : `, noise ±${decimal(last.noise, DIGITS)}`;
  const change = last.gain === null ? '' : ` (${signed(last.gain, DIGITS)}${noise})`;
  return `${metric} ${decimal(last.metric, DIGITS)}${optimistic}${change}`;
}

/** The rounds so far as an aligned table, `width` characters wide at most; empty before the first. */
export function roundsText(progress: RoundsOf, width?: number): string {
  if (progress.rounds.length === 0) return '';
  return roundsTable(progress.rounds, { metric: metricName(progress), ...(width !== undefined && { width }) });
}

type RoundsOf = Pick<LoopProgress, 'rounds' | 'metric' | 'evaluationImages'>;

/** The metric as tables call it: `accuracyTop1 (hold-out)`. */
export function metricName({ metric, evaluationImages }: Omit<RoundsOf, 'rounds'>): string {
  return marked(metric, evaluationImages === null);
}
