import type { Outcome } from '../loop/outcome.ts';
import type { ClassCounts, RoundRecord } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { total } from './loop-state.ts';
import type { SubmittedBatch } from './messages.ts';

/** Fraction with three decimals, as every text of a loop writes metrics. */
export function figure(value: number): string {
  return value.toFixed(3);
}

/** A number that a person gave, with at least two decimals: `0.90`, `0.845`. */
export function given(value: number): string {
  return value === Number(value.toFixed(2)) ? value.toFixed(2) : String(value);
}

/** `5 per class`, or `3–8 per class` where the classes differ. */
export function perClass(counts: ClassCounts): string {
  const values = Object.values(counts);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0) return 'none';
  return low === high ? `${low} per class` : `${low}–${high} per class`;
}

/** `a quarter of round 1`: nested parts are of the first round only. */
export function partOfRound(share: number): string {
  const part = share === 0.25 ? 'a quarter' : share === 0.5 ? 'half' : `${Math.round(share * 100)} %`;
  return `${part} of round 1`;
}

/** `15 images (5 per class)`. */
export function images(counts: ClassCounts): string {
  const n = total(counts);
  return `${n} image${n === 1 ? '' : 's'} (${perClass(counts)})`;
}

/** What a round asks for: `15 images (5 per class)`; of a detector, whose images show several classes, `images with boxes (5 per class)`. */
export function wanted({ task }: Pick<LoopSpec, 'task'>, counts: ClassCounts): string {
  return task === 'detection' ? `images with boxes (${perClass(counts)})` : images(counts);
}

/** A batch as it was handed in: `15 images (5 per class)`. */
export function batchOf({ counts, images: number }: SubmittedBatch): string {
  if (number === undefined) return images(counts);
  return `${number} image${number === 1 ? '' : 's'} (${perClass(counts)})`;
}

/** `1 h`, `1 h 5 min`, `12 min`. */
export function minutes(value: number): string {
  const [hours, rest] = [Math.floor(value / 60), value % 60];
  if (hours === 0) return `${rest} min`;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

/** `round 5 reached 0.828`; empty before the first metric. */
function reached(records: readonly RoundRecord[]): string {
  const last = records.findLast(({ metric }) => metric !== null);
  return last && last.metric !== null ? `round ${last.round} reached ${figure(last.metric)}` : '';
}

/** What a round collects, and what the rounds before it came to: a label is written before its own step has a result. */
export function collecting(
  need: ClassCounts,
  records: readonly RoundRecord[],
  task: LoopSpec['task'] = 'classification',
): string {
  return [`collect ${wanted({ task }, need)}`, reached(records)].filter(Boolean).join('; ');
}

/** How a loop ends: its outcome and the last metric. */
export function ending(outcome: Outcome, records: readonly RoundRecord[]): string {
  return [`end as ${outcome}`, reached(records)].filter(Boolean).join('; ');
}

/** Label of a step in the Temporal UI; plain text, since its timeline shows no Markdown. */
export function step(round: number, text: string): string {
  return round > 0 ? `Round ${round} · ${text}` : text;
}

/** `2026-12-14 14:47 UTC`, of epoch milliseconds. */
export function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
