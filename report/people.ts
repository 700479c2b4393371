import { html } from 'hono/html';
import { plural } from '../decide/format.ts';
import { type JournalEntry, replacedInWords, saidInWords } from '../loop/journal.ts';
import { moment, unbroken } from './page-words.ts';
import type { ReportData } from './report-data.ts';

type Html = ReturnType<typeof html>;

/** Who changed what of the loop, when and why; what they answered, and when they paused it. Nothing where nobody said anything. */
export function people({ journal }: ReportData): Html {
  if (journal.length === 0) return html``;
  const changes = journal.filter(({ set }) => set !== undefined).length;
  const sum =
    changes === 0
      ? 'Nobody changed the spec of the loop; this is what was answered and asked of it.'
      : `The spec of the loop was changed ${changes === 1 ? 'once' : `in ${plural(changes, 'step')}`}; every figure of this page is of the values in force.`;
  return html`<section><h2>What people changed</h2><p class="soft">${sum}</p><div class="scroll"><table>
<thead><tr>${['when', 'who', 'round', 'what', 'why'].map((title) => html`<th scope="col">${title}</th>`)}</tr></thead>
<tbody>${journal.map(row)}</tbody></table></div></section>`;
}

function row(entry: JournalEntry): Html {
  const { at, by, round, about, reason } = entry;
  const replaced = replacedInWords(entry);
  const said = entry.kind === 'adjust' ? replaced : [saidInWords(entry, false), replaced].filter(Boolean).join('; ');
  const asked =
    about === undefined ? html`` : html` <span class="soft">asked about ${about.type} in ${about.step}</span>`;
  return html`<tr><td>${moment(at)}</td><td>${by}</td><td class="number">${round}</td><td>${unbroken(said)}${asked}</td><td>${reason === '' ? '–' : reason}</td></tr>`;
}
