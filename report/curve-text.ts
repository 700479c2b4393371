import { asGiven, decimal, plural, whole } from '../decide/format.ts';
import {
  axisSizes,
  bandAt,
  type DrawnCurve,
  drawnCurve,
  type LearningCurve,
  positionOn,
  valueOn,
} from './drawn-curve.ts';
import { marked } from './outcome-words.ts';
import { type Paint, TextCanvas } from './text-canvas.ts';

export interface CurveTextOptions {
  /** Characters a line may have; at least `NARROWEST_CURVE`. */
  width: number;
  /** Lines of the drawing itself, without heading, axis and legend; by the width when absent. */
  height?: number;
  /** Colours; plain when absent. The picture can be read without. */
  paint?: Paint;
}

/** Characters below which no curve is drawn. */
export const NARROWEST_CURVE = 48;
/** Beyond it a curve only becomes flatter. */
const WIDEST = 110;
const FEWEST_POINTS = 2;
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

const SIGNS = {
  round: '●',
  recommended: '◉',
  part: '○',
  next: '◇',
  bar: '│',
  band: '░',
  median: '⠒',
  target: '╌',
  cap: '┊',
} as const;

/** Where things stand on a canvas. */
interface Place {
  canvas: TextCanvas;
  column: (images: number) => number;
  row: (value: number) => number;
}

/**
 * The learning curve as lines of text: measured rounds with their 95 % bars, parts of the first round, the forecast's 80 % band with its
 * median, the next round, target and image cap, the axes in images and in the metric, and a legend of what is there.
 * @returns the empty string where fewer than two points are measured or the width is too small.
 */
export function curveText(curve: LearningCurve, options: CurveTextOptions): string {
  const drawn = drawnCurve(curve);
  if (drawn === null || options.width < NARROWEST_CURVE) return '';
  if (drawn.points.length + drawn.parts.length < FEWEST_POINTS) return '';
  const width = Math.min(options.width, WIDEST);
  const height = options.height ?? Math.round(Math.min(17, Math.max(11, width / 6)));
  const paint = options.paint ?? ((_tone, text) => text);
  const labels = valueLabels(drawn, height);
  const canvas = new TextCanvas(width - labels.margin - 1, height);
  draw(drawn, placesOn(drawn, canvas));
  return [
    heading(curve, drawn),
    ...canvas.lines(paint).map((line, row) => `${paint('dim', labels.at(row))}${line}`),
    ...imageLabels(drawn, canvas).map((line) => paint('dim', `${' '.repeat(labels.margin)}${line}`)),
    ...inLines(legend(curve, drawn), width),
  ].join('\n');
}

function heading({ metric, evaluationImages }: LearningCurve, { x }: DrawnCurve): string {
  return `${marked(metric, evaluationImages === null)} by training images${x.type === 'log' ? ', log scale' : ''}`;
}

function placesOn({ x, y }: DrawnCurve, canvas: TextCanvas): Place {
  return {
    canvas,
    column: (images) => Math.round(positionOn(x, images) * (canvas.columns - 1)),
    row: (value) => Math.round((1 - positionOn(y, value)) * (canvas.rows - 1)),
  };
}

/** From the ground up: what is put later covers what was there. */
function draw(drawn: DrawnCurve, place: Place): void {
  drawBand(drawn, place);
  drawLines(drawn, place);
  drawMedian(drawn, place);
  drawMarks(drawn, place);
}

/** The band at the middle of every column that it covers. */
function drawBand({ band, x }: DrawnCurve, { canvas, row }: Place): void {
  for (let column = 0; column < canvas.columns; column += 1) {
    for (const { low, high } of bandAt(band, valueOn(x, column / (canvas.columns - 1))))
      for (let at = row(high); at <= row(low); at += 1) canvas.put(column, at, { sign: SIGNS.band, tone: 'dim' });
  }
}

function drawLines({ target, cap }: DrawnCurve, { canvas, column, row }: Place): void {
  const across = Array.from({ length: canvas.columns }, (_, at) => at);
  const down = Array.from({ length: canvas.rows }, (_, at) => at);
  if (target !== null) for (const at of across) canvas.put(at, row(target), { sign: SIGNS.target, tone: 'yellow' });
  if (cap !== null) for (const at of down) canvas.put(column(cap), at, { sign: SIGNS.cap, tone: null });
}

/** The median in braille dots, a quarter of a line apart, each column joined to the one before. */
function drawMedian({ band, x, y }: DrawnCurve, { canvas }: Place): void {
  const [across, down] = [canvas.columns * 2, canvas.rows * 4];
  let before: number | undefined;
  for (let at = 0; at < across; at += 1) {
    for (const { median } of bandAt(band, valueOn(x, (at - 0.5) / (across - 2)))) {
      const now = Math.round((1 - positionOn(y, median)) * (down - 4) + 1.5);
      const [top, foot] = [Math.min(now, before ?? now), Math.max(now, before ?? now)];
      for (let dot = top; dot <= Math.max(top, foot - 1); dot += 1) canvas.dot(at, dot, 'cyan');
      before = now;
    }
  }
}

function drawMarks({ points, parts, next }: DrawnCurve, { canvas, column, row }: Place): void {
  const mark = (images: number, value: number, sign: string) =>
    canvas.put(column(images), row(value), { sign, tone: 'cyan' });
  for (const { images, low, high } of points)
    for (let at = row(high); at <= row(low); at += 1) canvas.put(column(images), at, { sign: SIGNS.bar, tone: 'cyan' });
  if (next !== null) mark(next.images, next.median, SIGNS.next);
  for (const { images, value } of parts) mark(images, value, SIGNS.part);
  for (const { images, value, recommended } of points)
    mark(images, value, recommended ? SIGNS.recommended : SIGNS.round);
}

/** Labels of the metric's axis, at least two lines apart, with the target in its own line, and the characters that they take. */
function valueLabels({ y, target }: DrawnCurve, height: number): { margin: number; at: (row: number) => string } {
  const [low, high] = y.domain;
  const step = STEPS.find((size) => (high - low) / size <= (height - 1) / 2) ?? 1;
  const labels = new Map<number, string>();
  const rowOf = (value: number) => Math.round((1 - positionOn(y, value)) * (height - 1));
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + 1e-9; n += 1)
    labels.set(rowOf(n * step), decimal(n * step));
  if (target !== null) labels.set(rowOf(target), asGiven(target));
  const margin = Math.max(...[...labels.values()].map((label) => label.length)) + 1;
  return {
    margin,
    at: (row) => `${(labels.get(row) ?? '').padStart(margin - 1)} ${labels.has(row) ? '┤' : '│'}`,
  };
}

/** The axis of images with a mark over every label; of labels that would touch, the earlier stays: cap and ends, then the rest. */
function imageLabels(drawn: DrawnCurve, { columns }: TextCanvas): string[] {
  const sizes = axisSizes(drawn);
  const ordered = [
    ...new Set([...(drawn.cap === null ? [] : [drawn.cap]), ...sizes.slice(0, 1), ...sizes.slice(-1), ...sizes]),
  ];
  const axis = Array.from({ length: columns }, () => '─');
  const line = Array.from({ length: columns }, () => ' ');
  for (const images of ordered) {
    const text = whole(images);
    const column = Math.round(positionOn(drawn.x, images) * (columns - 1));
    const start = Math.min(columns - text.length, Math.max(0, column - Math.floor(text.length / 2)));
    if (line.slice(Math.max(0, start - 1), start + text.length + 1).some((sign) => sign !== ' ')) continue;
    for (const [at, sign] of text.split('').entries()) line[start + at] = sign;
    axis[column] = '┬';
  }
  return [`└${axis.join('')}`, ` ${line.join('')}`.trimEnd()];
}

/** What each sign means, of those that are there. */
function legend({ evaluationImages, capImages }: LearningCurve, drawn: DrawnCurve): string[] {
  const { points, parts, band, next, target, cap, cutFrom } = drawn;
  const entries: [boolean, string][] = [
    [true, `${SIGNS.round} round${evaluationImages === null ? '' : ` ${SIGNS.bar} its 95 % interval`}`],
    [points.some(({ recommended }) => recommended), `${SIGNS.recommended} recommended`],
    [parts.length > 0, `${SIGNS.part} part of round 1`],
    [next !== null, `${SIGNS.next} next round: ${plural(next?.images ?? 0, 'image')}`],
    [band.length > 0, `${SIGNS.band} forecast, 80 %`],
    [band.length > 0, `${SIGNS.median} its median`],
    [target !== null, `${SIGNS.target} target ${asGiven(target ?? 0)}`],
    [cap !== null, `${SIGNS.cap} cap ${plural(cap ?? 0, 'image')}`],
    [cap === null && Boolean(capImages), `the cap of ${plural(capImages ?? 0, 'image')} is further right`],
    [cutFrom !== null, `the forecast goes on to ${plural(cutFrom ?? 0, 'image')}`],
  ];
  return entries.flatMap(([there, text]) => (there ? [text] : []));
}

/** Entries side by side, a new line where the next would not fit. */
function inLines(entries: string[], width: number): string[] {
  const lines: string[] = [];
  for (const entry of entries) {
    const longer = `${lines.at(-1) ?? ''}   ${entry}`;
    if (lines.length > 0 && longer.length <= width) lines.splice(-1, 1, longer);
    else lines.push(`  ${entry}`);
  }
  return lines;
}
