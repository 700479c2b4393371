import type { Box } from '../detection/boxes.ts';
import { numberOf, shown } from './coco-entries.ts';

/** Sides of an image in pixels, as its entry declares them. */
interface Size {
  width: number;
  height: number;
}

/** What sums of shares may be off by rounding; far below a pixel. */
const ROUNDING = 1e-9;
/** A value above this is taken for a number of pixels, not for a share that is a little too large. */
const SURELY_PIXELS = 2;

/**
 * Reads a box, [left, top, width, height], each a share of the image's sides: 0 ≤ left < 1, 0 ≤ top < 1, 0 < width, 0 < height, and
 * no more than 1 together.
 *
 * @returns the box, or the rest of a sentence that says what is wrong with it
 */
export function boxOf(value: unknown, image: Size | undefined): Box | string {
  if (value === undefined || value === null) return 'has no bbox; a detector needs [left, top, width, height]';
  if (!Array.isArray(value) || value.length !== 4) return 'has a bbox that is not a list of four numbers';
  const [left, top, width, height] = value.map(numberOf);
  if (left === undefined || top === undefined || width === undefined || height === undefined) {
    return `has a bbox with something that is no number: [${value.map(shown).join(', ')}]`;
  }
  const box = { left, top, width, height };
  if (Math.max(left, top, width, height) > SURELY_PIXELS) return pixelsDefect(box, image);
  const defects = [
    ...sideDefects('left', 'width', { start: left, length: width }),
    ...sideDefects('top', 'height', { start: top, length: height }),
  ];
  if (defects.length > 0) return `has the bbox ${inWords(box)}: ${defects.join(', ')}`;
  return { left, top, width: Math.min(width, 1 - left), height: Math.min(height, 1 - top) };
}

function sideDefects(first: string, second: string, { start, length }: { start: number; length: number }): string[] {
  const defects: string[] = [];
  if (start < 0 || start >= 1) defects.push(`${first} must be at least 0 and below 1`);
  if (length <= 0 || length > 1) defects.push(`${second} must be above 0 and at most 1`);
  if (defects.length === 0 && start + length > 1 + ROUNDING) defects.push(`${first} + ${second} is above 1`);
  return defects;
}

function pixelsDefect(box: Box, image: Size | undefined): string {
  const words = `has the bbox ${inWords(box)}, which looks like pixels; boxes are shares of the image's sides, 0 to 1`;
  if (image === undefined) return `${words}: divide by its width and height`;
  const shares = [box.left / image.width, box.top / image.height, box.width / image.width, box.height / image.height];
  return `${words}: divided by ${image.width} and ${image.height} it would be [${shares.map((share) => Number(share.toFixed(4))).join(', ')}]`;
}

function inWords({ left, top, width, height }: Box): string {
  return `[${[left, top, width, height].join(', ')}]`;
}
