import { decimal, minutes, plural, range } from '../decide/format.ts';
import type { LoopResult } from '../loop/outcome.ts';
import type { Styler, Tone } from './output.ts';
import { printable, wrapWords } from './text-table.ts';

/** How a loop ended: the sentence, the recommended model, and what was used; lines of at most `width` characters. */
export function outcomeText(result: LoopResult, style: Styler, width?: number): string {
  const used = `${plural(result.rounds, 'round')}, ${plural(result.images, 'image')}, ${minutes(result.billedMinutes)} of compute.`;
  const unused = result.unusedImages > 0 ? ` ${plural(result.unusedImages, 'image')} handed in and not used.` : '';
  return [
    style(outcomeTone(result), wrapWords(`${result.outcome}: ${printable(result.sentence)}`, width)),
    wrapWords(recommendedLine(result), width),
    `Used: ${used}${unused}`,
  ].join('\n');
}

function outcomeTone({ outcome }: LoopResult): Tone {
  return outcome === 'target-reached' || outcome === 'good-enough' ? 'green' : 'yellow';
}

function recommendedLine({ recommended }: LoopResult): string {
  if (!recommended) return 'Recommended model: none, no round has a metric.';
  const { model, round, images, metric, interval } = recommended;
  const bounds = interval ? `, 95 % interval ${range(interval, 3)}` : '';
  return `Recommended model: ${printable(model)} (round ${round}, ${plural(images, 'image')}, metric ${decimal(metric, 3)}${bounds})`;
}
