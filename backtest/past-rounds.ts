import { plural } from '../decide/format.ts';
import { csvFields, textLines } from '../loop/csv.ts';
import { jsonOrUndefined } from '../loop/json.ts';

/** A round that was really run, or (with `share`) a model trained on that part of the first round's images. */
export interface PastRound {
  /** Training images, all classes together. */
  images: number;
  /** 0–1; null for a round that gave no metric. */
  metric: number | null;
  share?: number;
}

/** Rounds read from a file, and everything that is wrong with it, a sentence each; with problems the rounds are not to be used. */
export interface ReadRounds {
  rounds: PastRound[];
  problems: string[];
}

/** One entry as it stands in the file, and where. */
interface Entry {
  where: string;
  /** Undefined where it is no JSON. */
  value: unknown;
}

/** Fewer sizes with a metric make no curve. */
export const FEWEST_SIZES = 3;

/**
 * Reads one's own past rounds: CSV with the columns images and metric; or JSON, an array of {images, metric}, or an object that holds it
 * as `rounds` or `history`; or JSON lines, one {images, metric} a line. A metric left empty or null is a round without one.
 */
export function readPastRounds(text: string): ReadRounds {
  const { entries, problems } = entriesOf(text);
  const read = entries.map(readEntry);
  const rounds = read.flatMap(({ round }) => (round ? [round] : []));
  const all = [...problems, ...read.flatMap((entry) => entry.problems)];
  const sizes = sizesWithMetric(rounds);
  if (all.length === 0 && sizes < FEWEST_SIZES)
    all.push(`it has a metric at ${plural(sizes, 'number')} of images; a curve needs at least ${FEWEST_SIZES}`);
  return { rounds, problems: all };
}

/** How many different numbers of images have a metric. */
export function sizesWithMetric(rounds: readonly PastRound[]): number {
  return new Set(rounds.filter(({ metric }) => metric !== null).map(({ images }) => images)).size;
}

function entriesOf(text: string): { entries: Entry[]; problems: string[] } {
  if (!/^\s*[[{]/.test(text)) return csvEntries(text);
  const document = jsonOrUndefined(text);
  if (document === undefined) return jsonLines(text);
  const list = Array.isArray(document)
    ? document
    : (field(document, 'rounds') ?? field(document, 'history') ?? [document]);
  if (!Array.isArray(list)) return { entries: [], problems: ['its rounds are no list'] };
  return { entries: list.map((value, at) => ({ where: `entry ${at + 1}`, value })), problems: [] };
}

function jsonLines(text: string): { entries: Entry[]; problems: string[] } {
  const lines = textLines(text).map((line, at) => ({ where: `line ${at + 1}`, line }));
  const filled = lines.filter(({ line }) => line.trim() !== '');
  return { entries: filled.map(({ where, line }) => ({ where, value: jsonOrUndefined(line) })), problems: [] };
}

function csvEntries(text: string): { entries: Entry[]; problems: string[] } {
  const [header = '', ...lines] = textLines(text);
  const names = csvFields(header);
  const missing = ['images', 'metric'].filter((name) => !names.includes(name));
  if (missing.length > 0)
    return { entries: [], problems: [`line 1: has no column ${missing.join(', ')}; it has: ${names.join(', ')}`] };
  const entries = lines.flatMap((line, at) => (line.trim() === '' ? [] : [csvEntry(`line ${at + 2}`, line, names)]));
  return { entries, problems: [] };
}

function csvEntry(where: string, line: string, names: readonly string[]): Entry {
  const fields = csvFields(line);
  const given = names.map((name, at) => [name, fields[at] ?? ''] as const).filter(([, text]) => text !== '');
  return {
    where,
    value: Object.fromEntries(given.map(([name, text]) => [name, Number.isNaN(Number(text)) ? text : Number(text)])),
  };
}

function readEntry({ where, value }: Entry): { round: PastRound | null; problems: string[] } {
  if (value === undefined) return { round: null, problems: [`${where}: is not JSON`] };
  const [images, metric, share] = ['images', 'metric', 'share'].map((name) => field(value, name));
  const problems: string[] = [];
  if (!(Number.isSafeInteger(images) && Number(images) >= 1))
    problems.push(`${where}: images is ${shown(images)}, not a whole number from 1`);
  if (!(metric === undefined || metric === null || isShare(metric)))
    problems.push(`${where}: metric is ${shown(metric)}, not a number from 0 to 1`);
  if (!(share === undefined || share === null || isShare(share)))
    problems.push(`${where}: share is ${shown(share)}, not a part of 1`);
  if (problems.length > 0) return { round: null, problems };
  const round = { images: Number(images), metric: isShare(metric) ? metric : null };
  return { round: isShare(share) ? { ...round, share } : round, problems };
}

function isShare(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 1;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}

function shown(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}
