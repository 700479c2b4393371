import type { Submitted } from './submit-images.ts';
import { printable, textTable } from './text-table.ts';

/** What was handed in and what is still missing, per class. */
export function submittedText({ message, counts, missing }: Submitted): string {
  if (message === null) return 'No image was fit to be handed in; nothing was sent.';
  const names = [...new Set([...Object.keys(missing ?? {}), ...Object.keys(counts)])];
  const rows = names.map((name) => [name, counts[name] ?? 0, ...(missing ? [missing[name] ?? 0] : [])]);
  const table = textTable(['class', 'handed in', ...(missing ? ['still missing'] : [])], rows);
  const note = missing ? '' : '\n\nThe loop has not said yet what it still needs; see `deltaloop status`.';
  return `${printable(message)}\n\n${table}${note}`;
}
