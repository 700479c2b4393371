import { csvFields, textLines } from '../loop/csv.ts';
import { type Curve, curveOf, type MeasuredPoint } from './curve.ts';

const COLUMNS = ['curve_id', 'dataset', 'n0', 'n', 'metric_value'] as const;
type Fields = Record<(typeof COLUMNS)[number], string>;
const FEWEST_POINTS = 3;

interface Line extends MeasuredPoint {
  /** Line of the file, from 1. */
  at: number;
  id: string;
  dataset: string;
  start: number;
}

/** Curves read from a file, and everything that is wrong with it, a sentence each; with problems the curves are not to be used. */
export interface ReadCurves {
  curves: Curve[];
  problems: string[];
}

/** Whether a text means to hold curves, judged by the names of its columns. */
export function meansCurves(text: string): boolean {
  const names = csvFields(textLines(text)[0] ?? '');
  return names.some((name) => name === 'curve_id' || name === 'n0' || name === 'metric_value');
}

/**
 * Reads learning curves from CSV text with the columns curve_id, dataset, n0 (images of the first round), n (training images) and
 * metric_value (0–1), one line a point; other columns are passed over.
 */
export function readCurves(text: string): ReadCurves {
  const [header = '', ...rest] = textLines(text);
  const names = csvFields(header);
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0)
    return { curves: [], problems: [`line 1: has no column ${missing.join(', ')}; it has: ${names.join(', ')}`] };
  const filled = rest.map((line, index) => ({ at: index + 2, line })).filter(({ line }) => line.trim() !== '');
  const lines = filled.map(({ at, line }) => readLine(at, fieldsByName(line, names)));
  const curves = [
    ...Map.groupBy(
      lines.map(({ line }) => line),
      ({ id }) => id,
    ).values(),
  ];
  const problems = [...lines.flatMap((line) => line.problems), ...curves.flatMap(problemsOf)];
  if (lines.length === 0) problems.push('line 1: no line follows it, so there is no curve');
  return { curves: curves.map(curveFrom), problems };
}

function fieldsByName(line: string, names: readonly string[]): Fields {
  const fields = csvFields(line);
  const named = COLUMNS.map((column) => [column, fields[names.indexOf(column)] ?? '']);
  return Object.fromEntries(named) as Fields;
}

function readLine(at: number, fields: Fields): { line: Line; problems: string[] } {
  const [start, images, metric] = [Number(fields.n0), Number(fields.n), Number(fields.metric_value)];
  const problems = [
    ...(['curve_id', 'dataset'] as const)
      .filter((column) => fields[column] === '')
      .map((column) => `${column} is empty`),
    ...(['n0', 'n'] as const)
      .filter((column) => !isCount(fields[column]))
      .map((column) => `${column} is ${JSON.stringify(fields[column])}, not a whole number from 1`),
    ...(fields.metric_value !== '' && metric >= 0 && metric <= 1
      ? []
      : [`metric_value is ${JSON.stringify(fields.metric_value)}, not a number from 0 to 1`]),
  ];
  const line = { at, id: fields.curve_id, dataset: fields.dataset, start, images, metric };
  return { line, problems: problems.map((problem) => `line ${at}: ${problem}`) };
}

function isCount(field: string): boolean {
  return Number.isSafeInteger(Number(field)) && Number(field) >= 1;
}

/** What is wrong with the lines of one curve, taken together. */
function problemsOf(lines: readonly Line[]): string[] {
  const [first] = lines;
  if (!first) return [];
  const problems = [
    ...lines.filter(({ dataset }) => dataset !== first.dataset).map(({ at }) => `line ${at}: another dataset`),
    ...lines.filter(({ start }) => start !== first.start).map(({ at }) => `line ${at}: another n0`),
    ...repeated(lines).map(({ at, images }) => `line ${at}: n ${images} a second time`),
  ];
  const sizes = lines.map(({ images }) => images);
  if (sizes.length < FEWEST_POINTS)
    problems.push(`line ${first.at}: ${sizes.length} of at least ${FEWEST_POINTS} points`);
  if (Math.max(...sizes) <= first.start)
    problems.push(`line ${first.at}: it ends at ${Math.max(...sizes)} images, not after its n0 of ${first.start}`);
  return problems.map((problem) => `${problem} in curve ${first.id}`);
}

function repeated(lines: readonly Line[]): Line[] {
  const seen = new Set<number>();
  return lines.filter(({ images }) => seen.size === seen.add(images).size);
}

function curveFrom(lines: readonly Line[]): Curve {
  const [first] = lines;
  const { id = '', dataset = '', start = Number.NaN } = first ?? {};
  return curveOf(
    { id, dataset, start },
    lines.toSorted((a, b) => a.images - b.images),
  );
}
