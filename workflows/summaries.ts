import type { ClassCounts } from '../loop/round.ts';
import { total } from './loop-state.ts';

/** Fraction with three decimals, as every text of a loop writes metrics. */
export function figure(value: number): string {
  return value.toFixed(3);
}

/** `5 per class`, or `3–8 per class` where the classes differ. */
export function perClass(counts: ClassCounts): string {
  const values = Object.values(counts);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0) return 'none';
  return low === high ? `${low} per class` : `${low}–${high} per class`;
}

/** `15 images (5 per class)`. */
export function images(counts: ClassCounts): string {
  const n = total(counts);
  return `${n} image${n === 1 ? '' : 's'} (${perClass(counts)})`;
}

/** `1 h`, `1 h 5 min`, `12 min`. */
export function minutes(value: number): string {
  const [hours, rest] = [Math.floor(value / 60), value % 60];
  if (hours === 0) return `${rest} min`;
  return rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}

/** Label of a step in the Temporal UI; plain text, since its timeline shows no Markdown. */
export function step(round: number, text: string): string {
  return round > 0 ? `Round ${round} · ${text}` : text;
}
