import { html, raw } from 'hono/html';
import { totalOf } from '../decide/delta.ts';
import { decimal, plural, whole } from '../decide/format.ts';
import { perClassWords } from '../decide/sentence.ts';
import type { SplitRow } from '../loop/forecast.ts';
import type { Task } from '../loop/metrics.ts';
import type { DecisionNote } from './report-data.ts';

type Html = ReturnType<typeof html>;

/** `0.62 ± 0.15`: the performance of a class with half of its 95 % interval; a dash where it was not measured. */
export function measured({ performance, noise }: SplitRow): string {
  if (performance === null) return '–';
  return noise === null ? decimal(performance) : `${decimal(performance)} ± ${decimal(noise)}`;
}

/** Classes up to which the table is open: a longer one would push the images off the screen. */
const MOST_OPEN = 10;

/** `1,234 new images`; of a detector, whose images count for several classes at once, `6–16 more per class`. */
function asked(split: readonly SplitRow[], task: Task): string {
  const delta = Object.fromEntries(split.map(({ className, collect }) => [className, collect]));
  return task === 'detection' ? perClassWords(delta, ' more') : plural(totalOf(delta), 'new image');
}

/** What a class is measured by. */
export function measureOf(task: Task): string {
  return task === 'detection' ? 'AP50' : 'recall';
}

/** How the last images that were asked for were shared out, open for few classes; nothing where no decision tells it. */
export function splitTable(decisions: readonly DecisionNote[], task: Task): Html {
  const last = decisions.findLast(({ split }) => split !== undefined && split.length > 0);
  if (!last?.split) return html``;
  const open = last.split.length <= MOST_OPEN ? raw(' open') : '';
  return html`<details${open}><summary>Round ${last.round} asked for ${asked(last.split, task)}: class by class</summary>
<div class="scroll"><table class="fit"><thead><tr><th scope="col">class</th>${['have', measureOf(task), 'asked'].map((title) => html`<th class="number" scope="col">${title}</th>`)}</tr></thead>
<tbody>${last.split.map(row)}</tbody></table></div>
<p class="soft">Weak classes get more, less so the larger the noise of what was measured (±: half of its 95\u00a0% interval).</p></details>`;
}

function row(split: SplitRow): Html {
  return html`<tr><td>${split.className}</td>${[whole(split.have), measured(split), whole(split.collect)].map((cell) => html`<td class="number">${cell}</td>`)}</tr>`;
}
