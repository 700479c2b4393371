import { decimal, signed, whole } from '../decide/format.ts';
import type { RoundRecord } from '../loop/round.ts';

/** Decimals of a metric in tables: enough for an evaluation set of a thousand images. */
const DIGITS = 3;
const NONE = '–';

interface Column {
  title: string;
  align: 'left' | 'right';
  cell: (round: RoundRecord) => string;
  /** Left out first (1), second (2), … where the table is too wide; never without it. */
  spare?: number;
}

export interface RoundsTableOptions {
  /** `text`: aligned plain text for a terminal; `markdown`: a pipe table. Default `text`. */
  format?: 'text' | 'markdown';
  /** Name of the metric, heading its column. Default `metric`. */
  metric?: string;
  /** Characters a line may have (text only); less telling columns go first. Default: no limit. */
  width?: number;
}

function perClass({ perClass: [low, high] }: RoundRecord): string {
  return low === high ? whole(low) : `${whole(low)}–${whole(high)}`;
}

function orNone(value: number | null, write: (value: number) => string): string {
  return value === null ? NONE : write(value);
}

/** `+0.165 (1)`: a gain means nothing without the round that it is on, so both share a column that is never left out. */
function gainOn({ gain, comparedWith }: RoundRecord): string {
  if (gain === null) return NONE;
  return comparedWith === null ? signed(gain, DIGITS) : `${signed(gain, DIGITS)} (${comparedWith})`;
}

/** The columns of the rounds table, shared by terminal, Markdown and the page. Metrics are 0–1, compute in whole minutes. */
export function roundColumns(metric = 'metric'): Column[] {
  return [
    { title: 'round', align: 'right', cell: ({ round }) => whole(round) },
    { title: 'images', align: 'right', cell: ({ images }) => whole(images) },
    { title: 'new', align: 'right', cell: ({ newImages }) => whole(newImages), spare: 1 },
    { title: 'per class', align: 'right', cell: perClass, spare: 2 },
    { title: metric, align: 'right', cell: (round) => orNone(round.metric, (value) => decimal(value, DIGITS)) },
    { title: 'gain (on)', align: 'right', cell: gainOn },
    { title: 'noise', align: 'right', cell: ({ noise }) => orNone(noise, (value) => `±${decimal(value, DIGITS)}`) },
    { title: 'compute', align: 'right', cell: ({ billedMinutes }) => `${whole(billedMinutes)} min`, spare: 3 },
    { title: 'decision', align: 'left', cell: ({ decision }) => decision },
  ];
}

function pad(text: string, width: number, align: Column['align']): string {
  return align === 'right' ? text.padStart(width) : text.padEnd(width);
}

function textLines(rounds: RoundRecord[], columns: Column[]): string[] {
  const cells = columns.map((column) => [column.title, ...rounds.map(column.cell)]);
  const widths = cells.map((column) => Math.max(...column.map((cell) => cell.length)));
  return [undefined, ...rounds].map((_, line) =>
    columns
      .map((column, at) => pad(cells[at]?.[line] ?? '', widths[at] ?? 0, column.align))
      .join('  ')
      .trimEnd(),
  );
}

function widest(lines: string[]): number {
  return Math.max(...lines.map((line) => line.length));
}

function fittingLines(rounds: RoundRecord[], columns: Column[], width: number): string[] {
  const lines = textLines(rounds, columns);
  const spare = columns.filter((column) => column.spare !== undefined);
  if (spare.length === 0 || widest(lines) <= width) return lines;
  const next = Math.min(...spare.map((column) => column.spare ?? 0));
  return fittingLines(
    rounds,
    columns.filter((column) => column.spare !== next),
    width,
  );
}

function markdownLines(rounds: RoundRecord[], columns: Column[]): string[] {
  const row = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = columns.map(({ align }) => (align === 'right' ? '---:' : '---'));
  return [
    row(columns.map(({ title }) => title)),
    row(rule),
    ...rounds.map((round) => row(columns.map(({ cell }) => cell(round)))),
  ];
}

/** The rounds of a loop as a table: a heading and one line a round, without a final line break. */
export function roundsTable(rounds: RoundRecord[], options: RoundsTableOptions = {}): string {
  const columns = roundColumns(options.metric);
  if (options.format === 'markdown') return markdownLines(rounds, columns).join('\n');
  const { width = Number.POSITIVE_INFINITY } = options;
  const lines = fittingLines(rounds, columns, width);
  // A name as long as meanAveragePrecision50 is the last to go: the lines around the table tell it.
  return (widest(lines) <= width ? lines : fittingLines(rounds, roundColumns(), width)).join('\n');
}
