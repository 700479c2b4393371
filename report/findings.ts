import { html } from 'hono/html';
import type { Finding } from '../loop/finding.ts';
import type { ReportData } from './report-data.ts';

type Html = ReturnType<typeof html>;

/** One finding and every round whose checks told it; null stands for what is checked before the first. */
interface Repeated {
  rounds: (number | null)[];
  /** As the last of these rounds told it. */
  finding: Finding;
}

/** What the dataset checks found; a finding that comes back every round is told once, with its rounds. */
export function findings({ findings: found }: ReportData): Html {
  if (found.length === 0) return html``;
  return html`<section><h2>Findings of the dataset checks</h2><ol class="decisions">${together(found).map(item)}</ol></section>`;
}

function together(found: ReportData['findings']): Repeated[] {
  const groups = Map.groupBy(found, ({ round, finding: { severity, code, where, fix } }) =>
    JSON.stringify([round === null, severity, code, where, fix]),
  );
  return [...groups.values()].flatMap((group) => {
    const last = group.at(-1);
    return last ? [{ rounds: group.map(({ round }) => round), finding: last.finding }] : [];
  });
}

function item({ rounds, finding }: Repeated): Html {
  const { severity, code, where, message, fix } = finding;
  const place = message.includes(where) ? '' : html` <code>${short(where)}</code>`;
  return html`<li><p><span class="${severity}">${severity}</span> <code>${code}</code> <span class="soft">${when(rounds)}</span></p>
<p>${short(message)}${place}</p><p class="soft">${fix}</p></li>`;
}

/** Long hashes cut to what still names the file, also for a shell. */
function short(text: string): string {
  return text.replace(/\b([0-9a-f]{12})[0-9a-f]{52}\b/g, '$1*');
}

/** `before round 1`, `round 3`, `rounds 1, 2, 3`. */
function when(rounds: readonly (number | null)[]): string {
  const numbers = [...new Set(rounds.filter((round) => round !== null))];
  if (numbers.length === 0) return 'before round 1';
  return `round${numbers.length === 1 ? '' : 's'} ${numbers.join(', ')}`;
}
