import { type JournalEntry, replacedInWords } from '../loop/journal.ts';
import type { Section } from './explain-sections.ts';
import { printable, wrapWords } from './text-table.ts';

/** What people had changed of the spec when a round was decided; undefined where nobody had. */
export function changesSection({ journal }: { journal: readonly JournalEntry[] }, width?: number): Section | undefined {
  const lines = journal.flatMap((entry) => {
    if (entry.set === undefined) return [];
    const { at, by, round, reason } = entry;
    const when = `${at.slice(0, 16).replace('T', ' ')} UTC, round ${round}`;
    return [`${replacedInWords(entry)} (${by}, ${when}${reason === '' ? '' : `: ${reason}`})`];
  });
  if (lines.length === 0) return undefined;
  const text = lines.map((line) => wrapWords(`  ${printable(line)}`, width)).join('\n');
  return { title: 'What people changed', text };
}
