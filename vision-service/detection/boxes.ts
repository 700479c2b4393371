/** A box as shares of the sides of its upright picture, 0–1, from the upper left corner. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Intersection over union of two boxes, 0–1. */
export function overlap(a: Box, b: Box): number {
  const across = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const down = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (across <= 0 || down <= 0) return 0;
  const shared = across * down;
  return shared / (a.width * a.height + b.width * b.height - shared);
}

/** The largest overlap of a box with any of the others; 0 when there are none. */
export function largestOverlap(box: Box, others: readonly Box[]): number {
  return others.reduce((most, other) => Math.max(most, overlap(box, other)), 0);
}

/** The part of a box that lies in the picture; one that lies outside becomes a sliver at the edge. */
export function insidePicture(box: Box): Box {
  const [left, width] = insideUnit(box.left, box.width);
  const [top, height] = insideUnit(box.top, box.height);
  return { left, top, width, height };
}

/** Sides below a hundredth of a percent of the picture's count as that, so that a box always has an area. */
const SLIVER = 1e-4;

function insideUnit(start: number, length: number): [start: number, length: number] {
  const first = Math.min(Math.max(start, 0), 1 - SLIVER);
  const last = Math.min(Math.max(start + length, first + SLIVER), 1);
  return [first, last - first];
}

/** A box with `margin` of its sides added on each side; it may reach over the edge. */
export function widened({ left, top, width, height }: Box, margin: number): Box {
  return {
    left: left - margin * width,
    top: top - margin * height,
    width: width * (1 + 2 * margin),
    height: height * (1 + 2 * margin),
  };
}

/** Whole pixels of a picture: `x`, `y` ≥ 0, `w`, `h` ≥ 1, and nothing over the edge. */
export function pixelBox(box: Box, picture: { width: number; height: number }) {
  const [x, w] = wholePixels(box.left * picture.width, box.width * picture.width, picture.width);
  const [y, h] = wholePixels(box.top * picture.height, box.height * picture.height, picture.height);
  return { x, y, w, h };
}

function wholePixels(start: number, length: number, side: number): [start: number, length: number] {
  const first = Math.min(Math.max(Math.round(start), 0), side - 1);
  const last = Math.min(Math.max(Math.round(start + length), first + 1), side);
  return [first, last - first];
}
