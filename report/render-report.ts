import { html, raw } from 'hono/html';
import type { LearningCurve } from './drawn-curve.ts';
import { findings } from './findings.ts';
import { learningCurveSvg } from './learning-curve.ts';
import { moment } from './page-words.ts';
import { people } from './people.ts';
import { curveOf, type ReportData } from './report-data.ts';
import { curve, decisions, images, mistakes, reproduce, rounds, summary, warnings } from './sections.ts';
import { STYLE } from './style.ts';
import { trainings } from './trainings.ts';

/** Nothing is fetched and nothing runs: pictures are in the page, styles are its own. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Pixels of the two pictures of the curve; both scale down, the narrow one keeps its letters readable on a phone. */
const WIDE = 760;
const NARROW = 360;

async function curves(data: LearningCurve): Promise<{ wide: string; narrow: string } | null> {
  const wide = await learningCurveSvg(data, WIDE);
  const narrow = await learningCurveSvg(data, NARROW);
  return wide === null || narrow === null ? null : { wide, narrow };
}

/**
 * A loop's report as one HTML page that needs nothing else: no script, no request, every text escaped, light and dark, for screens,
 * phones and paper. The same data gives the same page.
 * @throws RangeError when a thumbnail is no `data:` URI of a raster image.
 */
export async function renderReport(data: ReportData): Promise<string> {
  const drawn = await curves(curveOf(data));
  const page = await html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${data.title}: ${data.result?.outcome ?? 'running'}</title>
<style>${raw(STYLE)}</style>
</head>
<body><main>
${summary(data)}${warnings(data)}
${curve(data, drawn)}
${rounds(data)}
${trainings(data)}
${decisions(data)}
${people(data)}
${images(data)}
${mistakes(data)}
${findings(data)}
${reproduce(data)}
<footer class="soft">Made by deltaloop from the files of loop <code>${data.loop}</code>, as of ${moment(data.asOf)}.</footer>
</main></body>
</html>
`;
  return page.toString();
}
