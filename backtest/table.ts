import { decimal, range, whole } from '../decide/format.ts';
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

const DIGITS = 3;

/** Where a score has no value, nothing stands for it. */
function figure(value: number, digits = DIGITS): string {
  return Number.isNaN(value) ? '–' : decimal(value, digits);
}

function withInterval({ scores, intervals }: PolicyScores, score: keyof Scores, digits = DIGITS): string {
  if (Number.isNaN(scores[score])) return '–';
  return `${figure(scores[score], digits)} [${range(intervals[score], digits)}]`;
}

const COLUMNS: [heading: string, cell: (row: PolicyScores) => string][] = [
  ['policy', ({ policy, title }) => `${policy}: ${title}`],
  ['success', (row) => withInterval(row, 'success')],
  ['near', ({ scores }) => figure(scores.near)],
  ['mid', ({ scores }) => figure(scores.mid)],
  ['far', ({ scores }) => figure(scores.far)],
  ['wrong claims', (row) => withInterval(row, 'wrong')],
  ['gave up', ({ scores }) => figure(scores.gaveUp)],
  ['images/oracle (p90)', (row) => `${withInterval(row, 'images', 2)} (${figure(row.scores.imagesP90, 2)})`],
  ['cost/oracle', (row) => withInterval(row, 'cost', 2)],
  ['rounds', ({ scores }) => figure(scores.rounds, 1)],
  ['bought in vain (median)', (row) => `${withInterval(row, 'bought')} (${figure(row.scores.boughtMedian)})`],
  ['regret', (row) => withInterval(row, 'regret')],
];

/** The table as Markdown, best read in a wide window; 95 % intervals in brackets. */
export function scoresTable(rows: readonly PolicyScores[]): string {
  const lines = [COLUMNS.map(([heading]) => heading), ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row)))];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((cells) => cells[at]?.length ?? 0)));
  const text = (cells: readonly string[]) =>
    `| ${widths.map((width, at) => (cells[at] ?? '').padEnd(width)).join(' | ')} |`;
  const [head = [], ...body] = lines;
  return [text(head), text(widths.map((width) => '-'.repeat(width))), ...body.map(text)].join('\n');
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
