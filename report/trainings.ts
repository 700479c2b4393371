import { html } from 'hono/html';
import { whole } from '../decide/format.ts';
import type { ReportData, TrainingLine } from './report-data.ts';

type Html = ReturnType<typeof html>;

function row({ round, model, hours, why, succeeded, minutes }: TrainingLine): Html {
  const billed = minutes === null ? '–' : whole(minutes);
  return html`<tr><td class="number">${round}</td><td><code>${model}</code></td><td>${why}</td><td class="number">${hours}</td><td class="number">${billed}</td><td>${succeeded ? 'model' : 'no model'}</td></tr>`;
}

/** Every model name that the loop used at the service, with the reason that allowed it; nothing where none are on record. */
export function trainings({ trainings: lines = [] }: Pick<ReportData, 'trainings'>): Html {
  if (lines.length === 0) return html``;
  return html`<section><h2>Trainings</h2><div class="scroll"><table><thead><tr><th class="number" scope="col">Round</th><th scope="col">Model</th><th scope="col">Why</th><th class="number" scope="col">Hours reserved</th><th class="number" scope="col">Minutes billed</th><th scope="col">Brought</th></tr></thead>
<tbody>${lines.map(row)}</tbody></table></div><p class="soft">A further training of a round has a reason. Failed trainings are not billed.</p></section>`;
}
