import { plural } from '../decide/format.ts';
import type { LoopResult } from '../loop/outcome.ts';

/** A name or a figure of the hold-out metric is marked as such wherever it stands: `accuracyTop1 (hold-out)`. */
export function marked(text: string, isHoldOut: boolean): string {
  return isHoldOut ? `${text} (hold-out)` : text;
}

/** Whether a loop ended with the claim that its model is good enough, whatever that rests on. */
export function isClaim({ outcome }: Pick<LoopResult, 'outcome'>): boolean {
  return outcome === 'target-reached' || outcome === 'good-enough';
}

/** `285 images were handed in and not used.`; empty where every image that people handed in was used. */
export function unusedWords({ unusedImages }: Pick<LoopResult, 'unusedImages'>): string {
  return unusedImages > 0
    ? `${plural(unusedImages, 'image')} ${unusedImages === 1 ? 'was' : 'were'} handed in and not used.`
    : '';
}
