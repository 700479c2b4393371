import { decimal, range, whole } from '../decide/format.ts';
import type { Coverage, Held } from './coverage.ts';
import type { Intervals } from './intervals.ts';
import type { Scores } from './scores.ts';

/** One row: a policy with its scores and their intervals. */
export interface PolicyScores {
  policy: string;
  title: string;
  runs: number;
  scores: Scores;
  intervals: Intervals;
}

type Column<Row> = [heading: string, cell: (row: Row) => string];

const DIGITS = 3;

/** Where a score has no value, nothing stands for it. */
function figure(value: number, digits = DIGITS): string {
  return Number.isNaN(value) ? '–' : decimal(value, digits);
}

function withInterval({ scores, intervals }: PolicyScores, score: keyof Scores, digits = DIGITS): string {
  if (Number.isNaN(scores[score])) return '–';
  return `${figure(scores[score], digits)} [${range(intervals[score], digits)}]`;
}

const POLICY: Column<PolicyScores> = ['policy', ({ policy, title }) => `${policy}: ${title}`];

const REACHED: Column<PolicyScores>[] = [
  POLICY,
  ['success', (row) => withInterval(row, 'success')],
  ['near / mid / far', ({ scores: { near, mid, far } }) => [near, mid, far].map((score) => figure(score)).join(' / ')],
  ['wrong claims', (row) => withInterval(row, 'wrong')],
  ['gave up', ({ scores }) => figure(scores.gaveUp)],
  ['regret', (row) => withInterval(row, 'regret')],
];

const SPENT: Column<PolicyScores>[] = [
  POLICY,
  ['images/oracle (p90)', (row) => `${withInterval(row, 'images', 2)} (${figure(row.scores.imagesP90, 2)})`],
  ['cost/oracle', (row) => withInterval(row, 'cost', 2)],
  ['rounds', ({ scores }) => figure(scores.rounds, 1)],
  ['bought in vain (median)', (row) => `${withInterval(row, 'bought')} (${figure(row.scores.boughtMedian)})`],
];

const HELD: Column<[words: string, held: Held]>[] = [
  ['range', ([words]) => words],
  ['cases', ([, { cases }]) => whole(cases)],
  ['inside', ([, { inside, cases }]) => figure(inside / cases)],
  ['truth below', ([, { below, cases }]) => figure(below / cases)],
  ['truth above', ([, { above, cases }]) => figure(above / cases)],
];

function tableOf<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const lines = [columns.map(([heading]) => heading), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)));
  const text = (cells: readonly string[]) =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  return [text(head), text(widths.map((width) => '-'.repeat(width))), ...body.map(text)].join('\n');
}

/** Two tables as Markdown, what was reached and what was spent, within 160 columns; 95 % intervals in brackets. */
export function scoresTables(rows: readonly PolicyScores[]): string {
  return `${tableOf(REACHED, rows)}\n\n${tableOf(SPENT, rows)}`;
}

/** How often the forecast's 80 % ranges hold, as Markdown under a sentence. */
export function coverageTable({ needed, band, present }: Coverage): string {
  const table = tableOf(HELD, [
    ['images still needed', needed],
    ['metric ahead, from 1.3 times the images', band],
    ['metric now', present],
  ]);
  return `How often the forecast’s 80 % ranges hold the truth, after three to five rounds of doubling sizes:\n\n${table}`;
}

/** How the rows were measured, in a sentence over the table. */
export function measuredHow(facts: {
  curves: number;
  datasets: number;
  evaluationImages: number;
  seeds: number;
  looks: 'shared' | 'independent';
}): string {
  const set =
    facts.looks === 'shared'
      ? 'one frozen evaluation set for all rounds of a run'
      : 'new evaluation images at every look';
  return `${whole(facts.curves)} curves of ${whole(facts.datasets)} data sets, ${whole(facts.seeds)} ${facts.seeds === 1 ? 'run' : 'runs'} of each target; ${set}, ${whole(facts.evaluationImages)} of them.`;
}
