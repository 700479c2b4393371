import { html } from 'hono/html';
import { decimal, plural, whole } from '../decide/format.ts';
import type { SplitRow } from '../loop/forecast.ts';
import type { Task } from '../loop/metrics.ts';
import type { DecisionNote } from './report-data.ts';

type Html = ReturnType<typeof html>;

/** `0.62 ± 0.15`: the performance of a class with half of its 95 % interval; a dash where it was not measured. */
function measured({ performance, noise }: SplitRow): string {
  if (performance === null) return '–';
  return noise === null ? decimal(performance) : `${decimal(performance)} ± ${decimal(noise)}`;
}

/** How the last images that were asked for were shared out, folded away; nothing where no decision tells it. */
export function splitTable(decisions: readonly DecisionNote[], task: Task): Html {
  const last = decisions.findLast(({ split }) => split !== undefined && split.length > 0);
  if (!last?.split) return html``;
  const total = last.split.reduce((sum, { collect }) => sum + collect, 0);
  const named = task === 'detection' ? 'AP50' : 'recall';
  return html`<details><summary>Round ${last.round} asked for ${plural(total, 'new image')}: class by class</summary>
<div class="scroll"><table class="fit"><thead><tr><th scope="col">class</th>${['have', named, 'new'].map((title) => html`<th class="number" scope="col">${title}</th>`)}</tr></thead>
<tbody>${last.split.map(row)}</tbody></table></div>
<p class="soft">Weak classes get more, less so the larger the noise of what was measured (±: half of its 95 % interval).</p></details>`;
}

function row(split: SplitRow): Html {
  return html`<tr><td>${split.className}</td>${[whole(split.have), measured(split), whole(split.collect)].map((cell) => html`<td class="number">${cell}</td>`)}</tr>`;
}
