import { decimal, minutes, plural, range } from '../decide/format.ts';
import type { LoopResult } from '../loop/outcome.ts';
import { isClaim, marked, unusedWords } from '../report/outcome-words.ts';
import type { Styler } from './output.ts';
import { printable, wrapWords } from './text-table.ts';

/**
 * How a loop ended: the sentence, the recommended model, what was used, and what people handed in for nothing; lines of at most `width`
 * characters. A claim that rests on the hold-out metric says so.
 */
export function outcomeText(result: LoopResult, style: Styler, width?: number): string {
  const used = `Used: ${plural(result.rounds, 'round')}, ${plural(result.images, 'image')}, ${minutes(result.billedMinutes)} of compute.`;
  const unused = unusedWords(result);
  const outcome = marked(result.outcome, isClaim(result) && isHoldOut(result.recommended));
  return [
    style(isClaim(result) ? 'green' : 'yellow', wrapWords(`${outcome}: ${printable(result.sentence)}`, width)),
    wrapWords(recommendedLine(result), width),
    wrapWords(used, width),
    unused && style('yellow', wrapWords(unused, width)),
    wrapWords(onwards(result), width),
  ]
    .filter(Boolean)
    .join('\n');
}

/** How the images of a loop that ended short of its aim are used further; empty where there is nothing to go on with. */
function onwards(result: LoopResult): string {
  if (isClaim(result) || result.images === 0) return '';
  return `To go on with its images, under another name: \`deltaloop start SPEC --from ${result.loop}\`.`;
}

/** Only a hold-out metric has no interval. */
function isHoldOut(recommended: LoopResult['recommended']): boolean {
  return recommended !== null && recommended.interval === null;
}

function recommendedLine({ recommended }: LoopResult): string {
  if (!recommended) return 'Recommended model: none, no round has a metric.';
  const { model, round, images, metric, interval } = recommended;
  const bounds = interval ? `, 95 % interval ${range(interval, 3)}` : '';
  return `Recommended model: ${printable(model)} (round ${round}, ${plural(images, 'image')}, metric ${marked(decimal(metric, 3), isHoldOut(recommended))}${bounds})`;
}
