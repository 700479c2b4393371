import { plural, whole } from '../decide/format.ts';
import type { Styler } from './output.ts';
import { printable } from './text-table.ts';
import type { Verified } from './verify-loop.ts';

/** What a verification found, for a terminal: the verdict first, then every difference with why it matters and what to do. */
export function verifiedText(verified: Verified, style: Styler): string {
  const { loop, files, images, bytes, troubles, notes } = verified;
  const read = `${plural(files, 'file')} (${plural(images, 'image')}), ${sizeText(bytes)}`;
  const verdict =
    troubles.length === 0
      ? `${style('green', 'All is well')}: loop ${loop}, ${read}.`
      : `${style('red', plural(troubles.length, 'difference'))} in loop ${loop}, ${read}:`;
  const found = troubles.map(
    ({ file, what, why, fix }) =>
      `${style('bold', printable(file))} ${printable(what)}: ${why}.\n  → ${printable(fix)}`,
  );
  return [verdict, ...found, ...notes.map((note) => `Note: ${printable(note)}`)].join('\n');
}

const UNITS = ['kB', 'MB', 'GB', 'TB'];

/** `0 bytes`, `820 bytes`, `1.2 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return plural(bytes, 'byte');
  let [value, unit] = [bytes / 1000, 0];
  for (; value >= 999.95 && unit < UNITS.length - 1; unit += 1) value /= 1000;
  return `${value.toFixed(1)} ${UNITS[unit]}`;
}

const QUIET_MS = 2000;

/** Tells how far a long count has come, at most every two seconds, and nothing of one that is over by then. */
export function sayProgress(
  say: (text: string) => void,
  verb: string,
  now: () => number = Date.now,
): (done: number, total: number) => void {
  let last = now();
  return (done, total) => {
    if (done === total || now() - last < QUIET_MS) return;
    last = now();
    say(`${verb} ${whole(done)} of ${plural(total, 'file')}`);
  };
}
