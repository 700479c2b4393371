import { entryInWords } from '../loop/journal.ts';
import { plain } from '../loop/markdown.ts';
import type { LoopProgress } from '../loop/progress.ts';
import type { ClassCounts, RoundRecord } from '../loop/round.ts';
import { type LoopState, toProgress } from './loop-state.ts';
import type { LoopInput } from './messages.ts';
import { figure, given, instant, minutes } from './summaries.ts';
import { sentence, words } from './words.ts';

/** Rows shown; more would push the rest out of sight. */
const ROUNDS_SHOWN = 12;
const CLASSES_SHOWN = 24;
const WARNINGS_SHOWN = 8;
/** Characters. */
const LONGEST_TEXT = 800;
const LONGEST_NAME = 60;
const LONGEST_ENTRY = 300;

/** The loop's state as Markdown for the Temporal UI's Current Details; well below its 20 kB. */
export function currentDetails(input: LoopInput, state: LoopState): string {
  const view = toProgress(input, state, words(input, state));
  return [
    `### ${prose(view.title)}`,
    `**${state.attention ? 'Needs attention. ' : ''}${prose(view.state)}**`,
    `**Next:** ${prose(view.next)}`,
    fromHere(state),
    facts(input, view),
    roundsTable(view.rounds),
    state.lastDecision && `**Last decision:** ${prose(state.lastDecision)}`,
    classTable(view, input.spec.collector.kind === 'people' ? state.waiting : null),
    unread(state),
    journal(view),
    warnings(view),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** Where on the Temporal UI's own page the same can be done. */
function fromHere({ attention, paused, result }: LoopState): string {
  if (result || (!attention && !paused)) return '';
  const update = attention ? `\`resolve\`, with the data ${dataFor(attention)}` : '`resume`';
  return `Or on this page: More Actions, Send an Update, ${update}.`;
}

/** What the dialog's field for data takes. */
function dataFor({ canSkip }: NonNullable<LoopState['attention']>): string {
  const others = [...(canSkip ? ['"skip"'] : []), '"stop"'].map((answer) => `\`${answer}\``).join(' or ');
  return `\`{"answer": "retry"}\` (or ${others}; with changes: \`{"answer": "retry", "set": {"caps.hours": 30}}\`)`;
}

/** Text in which nothing becomes markup but what stands between backticks: names and reasons come from people. */
function prose(text: string): string {
  const parts = cut(text, LONGEST_TEXT).split(/(`[^`]+`)/);
  return parts.map((part, i) => (i % 2 === 1 ? part : plain(part))).join('');
}

/** On one line, and not longer than so many characters. */
function cut(text: string, most: number): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

function facts({ spec, deadline }: LoopInput, view: LoopProgress): string {
  const { capMinutes, settledMinutes, reservedMinutes } = view.budget;
  const reserved = reservedMinutes > 0 ? `, ${minutes(reservedMinutes)} reserved` : '';
  const lines = [
    `${spec.metric}: ${standing(view)}, ${yardstick(view)}`,
    `${view.images} training images${view.caps?.images ? ` of at most ${view.caps.images}` : ''}`,
    `${minutes(settledMinutes)} of ${minutes(capMinutes)} compute used${reserved}`,
    deadline !== null && `ends at ${instant(deadline)} at the latest`,
  ];
  return bullets(lines.filter((line) => line !== false));
}

/** The last metric beside the target. */
function standing({ rounds, target }: LoopProgress): string {
  const last = rounds.findLast(({ metric }) => metric !== null)?.metric;
  const now = typeof last === 'number' ? figure(last) : 'not measured yet';
  return `${now}, ${target === null ? 'no target (goes on until more images stop helping)' : `target ${given(target)}`}`;
}

function yardstick({ evaluationImages }: LoopProgress): string {
  if (evaluationImages === null) return 'on the service’s own hold-out (optimistic)';
  return `on ${evaluationImages} evaluation images`;
}

function bullets(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

/** A cell that neither wraps nor touches the one before it: the Temporal UI gives cells no padding of their own. */
function cell(text: string, column: number): string {
  return `${column > 0 ? '  ' : ''}${text}`.replaceAll(' ', '\u00a0');
}

function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(headers), `|${headers.map((_, i) => (i === 0 ? ':---|' : '---:|')).join('')}`, ...rows.map(line)].join(
    '\n',
  );
}

/** `+0.021 (2)`: the gain on round 2. */
function gain({ gain: value, comparedWith }: RoundRecord): string {
  if (value === null || comparedWith === null) return '–';
  return `${value >= 0 ? '+' : '−'}${figure(Math.abs(value))} (${comparedWith})`;
}

function roundRow(row: RoundRecord): string[] {
  return [
    String(row.round),
    String(row.images),
    row.metric === null ? 'none' : figure(row.metric),
    gain(row),
    row.noise === null ? '–' : `±${figure(row.noise)}`,
    `${row.billedMinutes} min`,
    row.action === 'stop' ? 'stop' : 'go on',
  ];
}

function roundsTable(rounds: readonly RoundRecord[]): string {
  if (rounds.length === 0) return '';
  const headers = ['Round', 'Images', 'Metric', 'Gain (on)', 'Noise', 'Cost', 'Decision'];
  const before = rounds.length - ROUNDS_SHOWN;
  const more = before > 0 ? `\n\nand ${before} earlier rounds` : '';
  return table(headers, rounds.slice(-ROUNDS_SHOWN).map(roundRow)) + more;
}

/** Images per class: trained on, handed in by people, and still asked for. */
function classTable({ classes }: LoopProgress, waiting: ClassCounts | null): string {
  if (classes.length === 0) return '';
  const asking = classes.some(({ need }) => need > 0);
  const surplus = classes.some((row) => row.surplus !== undefined);
  const headers = ['Class', 'Training images', surplus && 'Surplus', waiting && 'Handed in', asking && 'Still needed'];
  const rows = classes
    .slice(0, CLASSES_SHOWN)
    .map(({ name, have, need, surplus: beyond = 0 }) => [
      plain(cut(name, LONGEST_NAME)),
      have,
      surplus && beyond,
      waiting && (waiting[name] ?? 0),
      asking && need,
    ]);
  const more = classes.length > CLASSES_SHOWN ? `\n\nand ${classes.length - CLASSES_SHOWN} more classes` : '';
  return table(present(headers), rows.map(present)) + more;
}

/** The cells of the columns that are shown. */
function present(cells: readonly (string | number | null | false)[]): string[] {
  return cells.filter((value) => value !== null && value !== false).map(String);
}

function unread({ queue }: LoopState): string {
  const { length } = queue;
  return length > 0 ? `Handed in and not looked at yet: ${length} ${length === 1 ? 'batch' : 'batches'}.` : '';
}

/** What people said last. */
function journal({ journal: entries = [] }: LoopProgress): string {
  if (entries.length === 0) return '';
  return `**What people said last**\n\n${bullets(entries.map((entry) => prose(cut(entryInWords(entry), LONGEST_ENTRY))))}`;
}

function warnings({ warnings: all }: LoopProgress): string {
  if (all.length === 0) return '';
  const lines = all.slice(0, WARNINGS_SHOWN).map((line) => prose(sentence(line)));
  if (all.length > WARNINGS_SHOWN) lines.push(`and ${all.length - WARNINGS_SHOWN} more`);
  return `**To keep in mind**\n\n${bullets(lines)}`;
}
