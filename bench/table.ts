/** One line of the benchmark's table. */
export interface Row {
  measure: string;
  value: string;
  /** What was promised; empty where a figure is only told. */
  target?: string;
  /** Whether the promise holds; left out where there is none. */
  met?: boolean;
}

const HEADINGS = ['measure', 'value', 'target', 'met'] as const;

function cellsOf({ measure, value, target = '', met }: Row): string[] {
  return [measure, value, target, met === undefined ? '' : met ? 'yes' : 'NO'];
}

/** The rows as a Markdown table with aligned columns, ending with a line break. */
export function renderTable(rows: readonly Row[]): string {
  const lines = [[...HEADINGS], ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const text = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = text(widths.map((width) => '-'.repeat(width)));
  const [head = [], ...body] = lines;
  return `${[text(head), rule, ...body.map(text)].join('\n')}\n`;
}

/** Middle value; the mean of the two middle ones of an even number. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return (low + high) / 2;
}

/** The smallest value that a share of all values does not exceed; the share is 0–1. NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
