import type { Finding } from '../loop/finding.ts';
import type { LabelledBox, RelativeBox } from '../loop/labels.ts';
import type { CocoImage, FoundLabels, NamedAnnotations } from './coco-file.ts';

/** A relative box has no value far beyond 1; a box of pixels nearly always has. */
const SURELY_PIXELS = 2;
/** Share of a side by which a box may stick out, for files that round: it is then cut to the image. */
const ROUNDING = 1e-4;

/**
 * The boxes of each image of a COCO file for detection: `bbox` is [left, top, width, height], relative to the image's sides,
 * 0–1. Boxes of other classes than `classes` are left out. An image without a box is listed too: nothing is to be found in it.
 * Boxes in pixels, as files of other tools have them, are one finding with their number.
 */
export function boxesOf(
  images: readonly CocoImage[],
  { named }: NamedAnnotations,
  classes: readonly string[],
): FoundLabels {
  const given = named.map((each) => ({ ...each, box: numbersOf(each.annotation.bbox) }));
  const pixels = given.filter(({ box }) => box !== undefined && isPixels(box));
  const findings = [...missingBoxes(given.filter(({ box }) => box === undefined)), ...unitMixUp(pixels, given.length)];
  const boxes = new Map(images.map(({ id }): [typeof id, LabelledBox[]] => [id, []]));
  for (const { annotation, className, box, where } of given) {
    const inside = box && insideImage(box);
    if (box !== undefined && inside === undefined && !isPixels(box)) findings.push(outside(where, box));
    // A wrong box stops the loop, but its image shows the class: nothing else is to be told of it.
    if (classes.includes(className)) boxes.get(annotation.image_id)?.push({ className, box: inside ?? WHOLE });
  }
  if (findings.length === 0) findings.push(...withoutBoxes(images.filter(({ id }) => boxes.get(id)?.length === 0)));
  return { labels: new Map([...boxes].map(([id, own]) => [id, { boxes: own }])), findings };
}

const WHOLE: RelativeBox = [0, 0, 1, 1];

function isPixels(box: RelativeBox): boolean {
  return box.some((value) => Math.abs(value) > SURELY_PIXELS);
}

function numbersOf(bbox: unknown): RelativeBox | undefined {
  if (!Array.isArray(bbox) || bbox.length !== 4) return undefined;
  const [left, top, width, height]: unknown[] = bbox;
  if (!isNumber(left) || !isNumber(top) || !isNumber(width) || !isNumber(height)) return undefined;
  return [left, top, width, height];
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** The box cut to the image where rounding made it stick out; undefined where it is no box inside the image. */
function insideImage([left, top, width, height]: RelativeBox): RelativeBox | undefined {
  const [x, w] = insideSide(left, width);
  const [y, h] = insideSide(top, height);
  return w > 0 && h > 0 ? [x, y, w, h] : undefined;
}

/** Start and length along one side; a length of 0 where they do not fit. */
function insideSide(start: number, length: number): [number, number] {
  if (start < -ROUNDING || start >= 1 || length <= 0 || start + length > 1 + ROUNDING) return [0, 0];
  const from = Math.max(0, start);
  return [from, Math.min(length, 1 - from)];
}

interface Given {
  where: string;
  box: RelativeBox | undefined;
}

function missingBoxes(without: readonly Given[]): Finding[] {
  const [first] = without;
  if (first === undefined) return [];
  const message = `${count(without.length, 'annotation')} without a \`bbox\` of four numbers; detection needs one for each`;
  const fix = 'Export the file with boxes, or set `task: classification` where images have a class as a whole.';
  return [{ severity: 'error', code: 'box-missing', where: first.where, message, fix }];
}

const TO_RELATIVE =
  'Divide left and width by the image’s width, and top and height by its height: boxes are shares of the sides, 0–1.';

function unitMixUp(pixels: readonly Given[], all: number): Finding[] {
  const [first] = pixels;
  if (first === undefined) return [];
  const box = JSON.stringify(first.box);
  const message =
    pixels.length === all
      ? `all ${count(all, 'box', 'boxes')} are in pixels, as standard COCO has them, e.g. ${box}`
      : `${pixels.length} of ${count(all, 'box', 'boxes')} are in pixels and the others are not, e.g. ${box}`;
  return [{ severity: 'error', code: 'box-units', where: first.where, message, fix: TO_RELATIVE }];
}

function outside(where: string, box: RelativeBox): Finding {
  return {
    severity: 'error',
    code: 'box-outside',
    where,
    message: `the box ${JSON.stringify(box)} is empty or not inside the image: left and top are from 0 to below 1, width and height above 0, and left + width and top + height at most 1`,
    fix: `Cut the box to the image, or remove it. ${TO_RELATIVE}`,
  };
}

function withoutBoxes(images: readonly CocoImage[]): Finding[] {
  const [first] = images;
  if (first === undefined) return [];
  const where = first.file_name ?? `image ${first.id}`;
  const message = `${count(images.length, 'image')} without a box of the loop’s classes: never trained on; in an evaluation set, images in which nothing is to be found`;
  const fix = 'Nothing to do, unless something is to be found there: then annotate it.';
  return [{ severity: 'warning', code: 'image-without-boxes', where, message, fix }];
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
