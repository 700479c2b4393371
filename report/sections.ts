import { html, raw } from 'hono/html';
import { asGiven, decimal, plural, range, whole } from '../decide/format.ts';
import { curveInWords, forecastInWords, pictureInWords } from './curve-words.ts';
import { isClaim, marked, unusedWords } from './outcome-words.ts';
import { breakable, moment, whole as oneLine, unbroken } from './page-words.ts';
import { type ClassRow, curveOf, type DecisionNote, type ReportData, type Thumbnail } from './report-data.ts';
import { roundColumns } from './rounds-table.ts';
import { splitTable } from './split-table.ts';

type Html = ReturnType<typeof html>;
const NOTHING = html``;

/** Only raster pictures carried in the page itself: nothing is fetched, nothing can run. */
const PICTURE = /^data:image\/(?:png|jpeg|webp|gif|avif);base64,[A-Za-z0-9+/]+=*$/;

function fact(name: string | Html, value: string, small: string | Html = ''): Html {
  return html`<div><dt>${name}</dt><dd>${value}${small === '' ? '' : html`<small>${small}</small>`}</dd></div>`;
}

function recommendedFact({ result, metric, evaluationImages }: ReportData): Html {
  if (result === null) return fact('Recommended model', 'not yet');
  if (result.recommended === null) return fact('Recommended model', 'none', 'no round has a metric');
  const { recommended } = result;
  const interval =
    recommended.interval === null ? '' : html`95\u00a0% interval ${oneLine(range(recommended.interval))}`;
  const name = breakable(marked(metric, evaluationImages === null));
  const made = `${plural(recommended.images, 'training image')}, ${recommended.model}`;
  return html`${fact('Recommended model', `round ${recommended.round}`, made)}${fact(html`Its ${name}`, decimal(recommended.metric), interval)}`;
}

/** The outcome on a badge; a claim that rests on the hold-out metric says so. */
function badge({ result, evaluationImages }: ReportData): Html {
  if (result === null) return html`<span class="badge running">running</span>`;
  const claims = isClaim(result);
  return html`<span class="badge ${claims ? 'good' : 'ended'}">${marked(result.outcome, claims && evaluationImages === null)}</span>`;
}

/** Title, outcome and the figures a reader looks for first. */
export function summary(data: ReportData): Html {
  const { result, rounds, target } = data;
  const images = result?.images ?? rounds.at(-1)?.images ?? 0;
  const minutes = result?.billedMinutes ?? rounds.reduce((sum, round) => sum + round.billedMinutes, 0);
  const unused = result === null ? '' : unusedWords(result);
  return html`<header><h1>${data.title}</h1>
<p>${badge(data)} <span class="soft">loop <code>${data.loop}</code>, as of ${moment(data.asOf)}</span></p>
<p class="outcome">${unbroken(result?.sentence ?? data.decisions.at(-1)?.sentence ?? 'No round is decided yet.')}</p>${unused === '' ? NOTHING : html`<p class="note">${unused}</p>`}</header>
<dl class="facts">${recommendedFact(data)}${fact('Target', target === null ? 'none' : asGiven(target), html`margin ${asGiven(data.margin)}, ${oneLine(`patience ${data.patience}`)}`)}
${fact('Rounds', whole(result?.rounds ?? rounds.length))}${fact('Images collected', whole(images))}
${fact('Compute', plural(minutes, 'minute'), 'billed')}</dl>`;
}

/** Warnings about the whole loop. */
export function warnings({ warnings: said }: ReportData): Html {
  return said.length === 0
    ? NOTHING
    : html`<section>${said.map((text) => html`<p class="note">${text}</p>`)}</section>`;
}

/**
 * The learning curve, once for wide and once for narrow pages.
 * @param svgs pictures made by `learningCurveSvg`; null when no round has a metric
 */
export function curve(data: ReportData, svgs: { wide: string; narrow: string } | null): Html {
  if (svgs === null) return html`<section><h2>Learning curve</h2><p class="soft">No round has a metric.</p></section>`;
  const bars =
    data.evaluationImages === null
      ? 'The hold-out metric has no bars: its noise is not known.'
      : `Bars: 95 % intervals (${data.task === 'detection' ? 'bootstrap' : 'Wilson'}) on ${plural(data.evaluationImages, 'evaluation image')}.`;
  const shown = curveOf(data);
  const words = curveInWords(shown);
  const [said, reading] = [forecastInWords(shown), pictureInWords(shown, bars)].map(unbroken);
  return html`<section><h2>Learning curve</h2><figure><div class="wide" role="img" aria-label="${words}">${raw(inline(svgs.wide))}</div>
<div class="narrow" role="img" aria-label="${words}">${raw(inline(svgs.narrow))}</div>
<figcaption>${said === '' ? NOTHING : html`<p>${said}</p>`}<p>${reading}</p></figcaption></figure></section>`;
}

/** Inside HTML an SVG needs no namespaces, and the page then holds no address at all. */
function inline(svg: string): string {
  return svg.replaceAll(/ xmlns(?::xlink)?="[^"]*"/g, '');
}

/** The rounds table with the recommended round marked. */
export function rounds(data: ReportData): Html {
  const columns = roundColumns(marked(data.metric, data.evaluationImages === null));
  const kind = ({ align, spare }: (typeof columns)[number]) =>
    `${align === 'right' ? 'number' : 'words'}${spare === undefined ? '' : ' spare'}`;
  const best = data.result?.recommended?.round;
  return html`<section><h2>Rounds</h2><div class="scroll"><table>
<thead><tr>${columns.map((column) => html`<th class="${kind(column)}" scope="col">${breakable(column.title)}</th>`)}</tr></thead>
<tbody>${data.rounds.map(
    (round) =>
      html`<tr class="${round.round === best ? 'recommended' : 'other'}">${columns.map(
        (column) => html`<td class="${kind(column)}">${column.cell(round)}</td>`,
      )}</tr>`,
  )}</tbody></table></div>
<p class="soft">Gain: on the round in brackets. Noise: the smallest gain that chance does not explain.</p></section>`;
}

function decisionItem({ sentence, warnings: said, realGain }: DecisionNote): Html {
  return html`<li class="${realGain ? 'gain' : 'none'}"><p>${unbroken(sentence)}</p>${said.map((text) => html`<p class="note">${text}</p>`)}</li>`;
}

/** Every decision's sentence, with its warnings; then how the last δ was split. */
export function decisions({ decisions: notes, task }: ReportData): Html {
  if (notes.length === 0) return NOTHING;
  return html`<section><h2>Decisions</h2><ol class="decisions">${notes.map(decisionItem)}</ol>${splitTable(notes, task)}</section>`;
}

function thumbnail({ src, className, caption }: Thumbnail): Html {
  if (!PICTURE.test(src))
    throw new RangeError(
      `a thumbnail of class ${className} is no data: URI of a raster image; give it as data:image/png;base64,…`,
    );
  const words = caption === '' ? className : `${className}, ${caption}`;
  return html`<figure><img src="${src}" alt="${words}" width="88" height="88"><figcaption><b>${className}</b> ${caption}</figcaption></figure>`;
}

interface ClassColumn {
  title: string;
  cell: (row: ClassRow) => string;
  /** Only where boxes are found. */
  detection?: true;
}

const CLASS_COLUMNS: ClassColumn[] = [
  { title: 'training', cell: ({ training }) => whole(training) },
  { title: 'surplus', cell: ({ surplus = 0 }) => whole(surplus), detection: true },
  { title: 'evaluation', cell: ({ evaluation }) => (evaluation === null ? '–' : whole(evaluation)) },
  { title: 'AP50', cell: ({ averagePrecision50: ap = null }) => (ap === null ? '–' : decimal(ap, 3)), detection: true },
];

const COUNTED = html`<p class="soft">An image counts once for every class that it shows. Surplus: images beyond what was asked, which came with other classes. AP50: average precision of the recommended model on the class, at an overlap of at least 0.5.</p>`;

/** Images per class, and some that each round drew. */
export function images({ classes, drawn, rounds, task }: ReportData): Html {
  const columns = CLASS_COLUMNS.filter((column) => task === 'detection' || !column.detection);
  const table = html`<div class="scroll"><table class="fit"><thead><tr><th scope="col">class</th>${columns.map(({ title }) => html`<th class="number" scope="col">${title}</th>`)}</tr></thead>
<tbody>${classes.map((row) => html`<tr><td>${row.name}</td>${columns.map(({ cell }) => html`<td class="number">${cell(row)}</td>`)}</tr>`)}</tbody></table></div>${task === 'detection' ? COUNTED : NOTHING}`;
  const shown = drawn.map(({ round, images: some }) => {
    const all = rounds.find((row) => row.round === round)?.newImages ?? some.length;
    const part = some.length < all ? html` <span class="soft">${some.length} of ${all} images</span>` : NOTHING;
    return html`<h3>New in round ${round}${part}</h3><div class="thumbs">${some.map(thumbnail)}</div>`;
  });
  return html`<section><h2>Images</h2>${table}${shown}</section>`;
}

/** Confidence from which a found box is shown, 0–1. */
export const SURE_ENOUGH = 0.3;

/** Evaluation images that the recommended model got wrong, or, with boxes, what it found and missed. */
export function mistakes({ mistakes: wrong, task }: ReportData): Html {
  if (wrong.length === 0) return NOTHING;
  if (task === 'detection')
    return html`<section><h2>Found and missed</h2><p class="soft">Evaluation images, those with the most misses first. Dashed green: what is there. Orange: what the model found with a confidence of at least ${SURE_ENOUGH}.</p>
<div class="thumbs scenes">${wrong.map(thumbnail)}</div></section>`;
  return html`<section><h2>Wrong predictions</h2><p class="soft">Some evaluation images that the model got wrong: their class, and what it said.</p>
<div class="thumbs">${wrong.map(thumbnail)}</div></section>`;
}

/** Commands, files and hashes from which every figure can be made again. */
export function reproduce({ commands, files }: ReportData): Html {
  const run = commands.length === 0 ? NOTHING : html`<pre><code>${commands.join('\n')}</code></pre>`;
  return html`<section><h2>How to reproduce</h2>
<p>Every figure comes from these files of the loop’s folder; the same files give the same decisions, word for word.</p>${run}
<details><summary>${plural(files.length, 'file')} with SHA-256</summary><div class="scroll"><table><tbody>${files.map(
    ({ what, path, sha256 }) =>
      html`<tr><td>${what}</td><td><code>${path}</code></td><td class="hash"><code>${sha256}</code></td></tr>`,
  )}</tbody></table></div></details></section>`;
}
