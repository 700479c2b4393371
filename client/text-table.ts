import { stripVTControlCharacters } from 'node:util';
import { unturned } from './terminal-text.ts';

/** Text from people and files made safe for a terminal: no escape sequences, no control characters, nothing that reads backwards. */
export function printable(text: string): string {
  return unturned(stripVTControlCharacters(text)).replace(/\p{Cc}+/gu, ' ');
}

export type Cell = string | number;

/** A table of aligned columns, numbers to the right; without trailing spaces. */
export function textTable(header: string[], rows: Cell[][]): string {
  const texts = [header, ...rows.map((row) => row.map((cell) => printable(String(cell))))];
  const widths = header.map((_, column) => Math.max(...texts.map((row) => (row[column] ?? '').length)));
  const numeric = header.map((_, column) => rows.length > 0 && rows.every((row) => isFigure(row[column])));
  return texts
    .map((row) => widths.map((width, column) => pad(row[column] ?? '', width, numeric[column] === true)).join('  '))
    .map((line) => `  ${line}`.trimEnd())
    .join('\n');
}

/** Numbers, and what stands for a number: `–`, `…`, `+0.02`, `±0.03`, `1,200`, `3–5`, `12 min`, `2 h`. */
function isFigure(cell: Cell | undefined): boolean {
  return typeof cell === 'number' || /^(–|…|[+−±]?\d[\d.,–]*( min| h)?)$/.test(cell ?? '');
}

function pad(text: string, width: number, right: boolean): string {
  return right ? text.padStart(width) : text.padEnd(width);
}

/**
 * Breaks a text between words into lines of at most `width` characters; a longer word keeps a line of its own. All lines are as far
 * in as the first; a command between backticks that fits on a line, and a figure with its unit, stay together.
 */
export function wrapWords(text: string, width: number | undefined): string {
  if (width === undefined) return text;
  const indent = /^ */.exec(text)?.[0] ?? '';
  const room = width - indent.length;
  const lines: string[] = [];
  let line = '';
  for (const word of keptTogether(text.slice(indent.length), room)) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((words) => `${indent}${words.replaceAll('\u00a0', ' ')}`).join('\n');
}

/** The words of a text, with no-break spaces where a line should not end: a command is there to be copied. */
function keptTogether(text: string, room: number): string[] {
  return text
    .replace(/`[^`]+`/g, (command) => command.replaceAll(' ', '\u00a0'))
    .replace(/(?<=\d) (?=(?:%|h|min|s)(?![\p{L}\d]))/gu, '\u00a0')
    .split(' ')
    .flatMap((word) => (word.length > room ? word.split('\u00a0') : [word]));
}

/** Joins parts as `a · b`, with line breaks after a separator, and inside a part only where it is longer than a line. */
export function wrapParts(parts: readonly string[], width: number | undefined): string {
  const joined = parts.map((part) => part.replaceAll(' ', '\u00a0')).join('\u00a0· ');
  const lines = wrapWords(joined, width).replaceAll('\u00a0', ' ').split('\n');
  return lines.map((line) => wrapWords(line, width)).join('\n');
}

/** Labels and what they name in two aligned columns, two spaces in; long texts go on below themselves, inside `width` characters. */
export function factsText(facts: readonly (readonly [label: string, text: string])[], width?: number): string {
  const indent = 4 + Math.max(0, ...facts.map(([label]) => label.length));
  const lines = facts.map(([label, text]) => {
    const wrapped = wrapWords(printable(text), width === undefined ? undefined : Math.max(20, width - indent));
    return `  ${label.padEnd(indent - 2)}${wrapped.replaceAll('\n', `\n${' '.repeat(indent)}`)}`;
  });
  return lines.join('\n');
}
