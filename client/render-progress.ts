import { asGiven, decimal, minutes, plural, signed } from '../decide/format.ts';
import type { LoopProgress } from '../loop/progress.ts';
import { roundsTable } from '../report/rounds-table.ts';
import { type LoopPlaces, placesText } from './loop-places.ts';
import type { Styler, Tone } from './output.ts';
import { outcomeText } from './render-outcome.ts';
import { printable, textTable, wrapWords } from './text-table.ts';

/** Decimals of a metric, as in the rounds table. */
const DIGITS = 3;

export interface RenderOptions {
  style: Styler;
  /** Characters a line may have; no limit when absent. */
  width?: number | undefined;
  /** Rounds of the cap, when known. */
  capRounds?: number | undefined;
  /** Classes that are listed at most; all when absent. */
  maxClasses?: number;
  places?: LoopPlaces;
  /** The learning curve as text, where it is to be shown. */
  curve?: string;
}

/** The whole state of a loop for a terminal: what happens, what next, classes, rounds, their curve, the last decision, warnings. */
export function renderProgress(progress: LoopProgress, options: RenderOptions): string {
  const { style, width, places, curve } = options;
  return [
    headline(progress, options),
    statusLine(progress, options.capRounds),
    classTable(progress, options.maxClasses),
    roundsText(progress, width),
    curve,
    progress.lastDecision && wrapWords(`Last decision: ${printable(progress.lastDecision)}`, width),
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

/** One line: round, images, metric with its last change, target, compute, phase. */
export function statusLine(progress: LoopProgress, capRounds?: number): string {
  const { budget, round, target } = progress;
  const parts = [
    `R${round}${capRounds === undefined ? '' : `/${capRounds}`}`,
    plural(progress.images, 'image'),
    metricPart(progress),
    target === null ? 'no target' : `target ${asGiven(target)}`,
    `${minutes(budget.settledMinutes)} of ${minutes(budget.capMinutes)} compute`,
    progress.phase,
  ];
  return parts.filter(Boolean).join(' · ');
}

function metricPart({ rounds, metric, evaluationImages }: LoopProgress): string {
  const last = rounds.findLast((record) => record.metric !== null);
  if (!last || last.metric === null) return '';
  const optimistic = evaluationImages === null ? ' (hold-out, optimistic)' : '';
  const noise = last.noise === null ? '' : `, noise ±${decimal(last.noise, DIGITS)}`;
  const change = last.gain === null ? '' : ` (${signed(last.gain, DIGITS)}${noise})`;
  return `${metric} ${decimal(last.metric, DIGITS)}${optimistic}${change}`;
}

/** Training images per class, while the round collects what it still asks for, and of a detector what is beyond; empty while no class is known. */
function classTable({ classes, phase }: LoopProgress, most = classes.length): string {
  if (classes.length === 0) return '';
  const asks = phase === 'collecting';
  const surplus = classes.some((row) => row.surplus !== undefined);
  const rows = classes
    .slice(0, most)
    .map((row) => [row.name, row.have, ...(asks ? [row.need] : []), ...(surplus ? [row.surplus ?? 0] : [])]);
  const table = textTable(['class', 'have', ...(asks ? ['need'] : []), ...(surplus ? ['surplus'] : [])], rows);
  return classes.length > most ? `${table}\n  and ${classes.length - most} more` : table;
}

/** The rounds so far as an aligned table, `width` characters wide at most; empty before the first. */
export function roundsText({ rounds, metric }: Pick<LoopProgress, 'rounds' | 'metric'>, width?: number): string {
  if (rounds.length === 0) return '';
  return roundsTable(rounds, { metric, ...(width !== undefined && { width }) });
}
