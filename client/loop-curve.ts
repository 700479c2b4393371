import { LoopFolder } from '../data/loop-folder.ts';
import type { LoopProgress } from '../loop/progress.ts';
import { curveText, NARROWEST_CURVE } from '../report/curve-text.ts';
import { forecastInWords } from '../report/curve-words.ts';
import type { LearningCurve } from '../report/drawn-curve.ts';
import { curveOf } from '../report/report-data.ts';
import { readDecision, readSpec } from './loop-files.ts';
import type { Output } from './output.ts';
import { wrapWords } from './text-table.ts';

/** Characters of a line where the output is no terminal and the curve was asked for. */
const USUAL_WIDTH = 80;

/**
 * The learning curve of a loop: its rounds as far as they are known, with what its folder says of them. A folder that this machine does
 * not see leaves a curve without a forecast.
 * @throws CliError when a file of the folder does not hold what deltaloop writes there.
 */
async function curveOfLoop(home: string, progress: LoopProgress): Promise<LearningCurve> {
  const folder = LoopFolder.at(home, progress.loop);
  const spec = await readSpec(folder);
  const decided = await Promise.all(progress.rounds.map(({ round }) => readDecision(folder, round)));
  return curveOf({
    ...progress,
    decisions: decided.flatMap((file) => file?.decision ?? []),
    subsets: decided.at(-1)?.input.subsets ?? [],
    capImages: spec?.caps.images ?? null,
    margin: spec?.margin ?? null,
  });
}

export interface CurveRequest {
  home: string;
  progress: LoopProgress;
  output: Output;
  /** Draws it also where there is no terminal, and says why where it cannot. */
  asked: boolean;
}

/** The learning curve for a command, with what the forecast says; empty where none is to be drawn. */
export async function curveFor({ home, progress, output, asked }: CurveRequest): Promise<string> {
  const width = output.width ?? (asked ? USUAL_WIDTH : 0);
  if (width < NARROWEST_CURVE) {
    if (asked) output.say(`The curve needs ${NARROWEST_CURVE} columns; this terminal has ${width}.`);
    return '';
  }
  const curve = await curveOfLoop(home, progress);
  const picture = curveText(curve, { width, paint: output.style });
  if (picture === '' && asked) output.say('A curve is drawn from two measured points on.');
  const words = picture === '' ? '' : wrapped(forecastInWords(curve), width);
  return [picture, words].filter(Boolean).join('\n\n');
}

/** Between words, but never between a number and its per cent sign. */
function wrapped(text: string, width: number): string {
  return wrapWords(text.replaceAll(' %', '\u00a0%'), width).replaceAll('\u00a0', ' ');
}
