import type { SplitRow } from '../loop/forecast.ts';
import type { LoopProgress } from '../loop/progress.ts';
import { measured } from '../report/split-table.ts';
import type { LoopSplit } from './loop-split.ts';
import { type Cell, textTable, wrapWords } from './text-table.ts';

type ClassState = LoopProgress['classes'][number];

interface Column {
  title: string;
  cell: (row: ClassState) => Cell;
}

export interface ClassTableOptions {
  /** Classes that are listed at most; all when absent. */
  maxClasses?: number | undefined;
  /** How the images asked for last were shared out, where it is to be shown. */
  split?: LoopSplit | undefined;
  /** Characters a line may have; no limit when absent. */
  width?: number | undefined;
}

/**
 * Training images per class, while the round collects what it still asks for, of a detector what is beyond, and how well each class was
 * recognised when the last images were shared out; empty while no class is known.
 */
export function classTable({ classes, phase }: LoopProgress, options: ClassTableOptions): string {
  if (classes.length === 0) return '';
  const { split, width, maxClasses: most = classes.length } = options;
  const columns: Column[] = [
    { title: 'class', cell: ({ name }) => name },
    { title: 'have', cell: ({ have }) => have },
    ...(phase === 'collecting' ? [{ title: 'need', cell: ({ need }: ClassState) => need }] : []),
    ...(classes.some((row) => row.surplus !== undefined)
      ? [{ title: 'surplus', cell: ({ surplus }: ClassState) => surplus ?? 0 }]
      : []),
    ...splitColumns(split),
  ];
  const table = textTable(
    columns.map(({ title }) => title),
    classes.slice(0, most).map((row) => columns.map(({ cell }) => cell(row))),
  );
  return [table, classes.length > most && `  and ${classes.length - most} more`, split && wrapWords(note(split), width)]
    .filter(Boolean)
    .join('\n');
}

function splitColumns(split: LoopSplit | undefined): Column[] {
  if (split === undefined) return [];
  const rows = new Map(split.rows.map((row) => [row.className, row]));
  const column = (title: string, cell: (row: SplitRow) => Cell): Column => ({
    title,
    cell: ({ name }) => {
      const row = rows.get(name);
      return row === undefined ? '–' : cell(row);
    },
  });
  return [...(isMeasured(split) ? [column(split.measure, measured)] : []), column('asked', ({ collect }) => collect)];
}

/** Without an evaluation set no class is. */
function isMeasured({ rows }: LoopSplit): boolean {
  return rows.some(({ performance }) => performance !== null);
}

function note(split: LoopSplit): string {
  const { round, measure } = split;
  const how = isMeasured(split) ? `${measure}: of round ${round}’s model, ± half of its 95 % interval; ` : '';
  return `  ${how}asked: images for round ${round + 1}.`;
}
