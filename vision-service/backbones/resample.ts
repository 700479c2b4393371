/** RGB bytes of a picture, row by row. */
export interface RgbPicture {
  data: Uint8Array;
  width: number;
  height: number;
}

/** A part of a picture, in its pixels; it may have fractions. What reaches over the edge does not count. */
export interface Region {
  left: number;
  top: number;
  width: number;
  height: number;
}

/**
 * Stretches a region of a picture, or all of it, to a square of `side × side × 3` bytes: bilinear, and averaging over all
 * pixels that fall on one when it gets smaller (a triangle filter, as in Pillow's BILINEAR).
 */
export function resampleToSquare(picture: RgbPicture, side: number, region: Region = whole(picture)): Uint8Array {
  const across = tapsOf({ from: region.left, length: region.width, size: picture.width }, side);
  const down = tapsOf({ from: region.top, length: region.height, size: picture.height }, side);
  const first = down.starts[0] ?? 0;
  const rows = (down.starts[side - 1] ?? 0) + down.count - first;
  const lines = new Int32Array(rows * side * 3);
  // Two taps are the case of every picture that gets larger; the loops for them are three times as fast.
  (across.count === 2 ? widen : narrow)(picture, { taps: across, first, lines, side });
  const square = new Uint8Array(side * side * 3);
  const vertical = { taps: down, first, lines, side };
  return down.count === 2 ? heighten(square, vertical) : flatten(square, vertical);
}

/** The picture as a square of that side; the picture's own bytes when it is one. */
export function asSquare(picture: RgbPicture, side: number): Uint8Array {
  return picture.width === side && picture.height === side ? picture.data : resampleToSquare(picture, side);
}

function whole({ width, height }: RgbPicture): Region {
  return { left: 0, top: 0, width, height };
}

/** Weights are whole numbers with so many bits behind the point; values between the passes have six. */
const WEIGHT_BITS = 11;
const LINE_BITS = 6;
const ACROSS_SHIFT = WEIGHT_BITS - LINE_BITS;
const DOWN_SHIFT = WEIGHT_BITS + LINE_BITS;
const ACROSS_HALF = 1 << (ACROSS_SHIFT - 1);
const DOWN_HALF = 1 << (DOWN_SHIFT - 1);

/** For every output pixel the first input pixel and the weights of `count` pixels from there; weights sum to 2^11. */
interface Taps {
  /** Ascending. */
  starts: Int32Array;
  count: number;
  weights: Int32Array;
}

interface Axis {
  from: number;
  length: number;
  /** Pixels of the picture along the axis. */
  size: number;
}

function tapsOf({ from, length, size }: Axis, side: number): Taps {
  const step = length / side;
  const radius = Math.max(1, step);
  const count = Math.min(size, step <= 1 ? 2 : Math.ceil(radius) * 2 + 1);
  const starts = new Int32Array(side);
  const weights = new Int32Array(side * count);
  for (let i = 0; i < side; i += 1) {
    const centre = from + (i + 0.5) * step - 0.5;
    const low = step <= 1 ? Math.floor(centre) : Math.ceil(centre - radius);
    const start = Math.min(Math.max(low, 0), size - count);
    starts[i] = start;
    writeWeights(weights.subarray(i * count, (i + 1) * count), centre - start, radius);
  }
  return { starts, count, weights };
}

/** Heights of a triangle over the pixels 0, 1, …, as whole numbers with the right sum. */
function writeWeights(weights: Int32Array, centre: number, radius: number): void {
  const height = (pixel: number) => Math.max(0, 1 - Math.abs(pixel - centre) / radius);
  let sum = 0;
  for (let pixel = 0; pixel < weights.length; pixel += 1) sum += height(pixel);
  // Beyond the picture there is only its nearest pixel.
  let largest = centre < 0 ? 0 : weights.length - 1;
  let rest = 1 << WEIGHT_BITS;
  for (let pixel = 0; sum > 0 && pixel < weights.length; pixel += 1) {
    const weight = Math.round((height(pixel) / sum) * (1 << WEIGHT_BITS));
    weights[pixel] = weight;
    rest -= weight;
    if (weight > (weights[largest] ?? 0)) largest = pixel;
  }
  weights[largest] = (weights[largest] ?? 0) + rest;
}

/** One pass: weights along its axis, the first row of the picture that is needed, and the lines between the passes. */
interface Pass {
  taps: Taps;
  first: number;
  lines: Int32Array;
  side: number;
}

/** Every needed row at its new width, two taps a pixel. */
function widen({ data, width }: RgbPicture, { taps, first, lines, side }: Pass): void {
  const { starts, weights } = taps;
  let to = 0;
  for (let row = first * width * 3; to < lines.length; row += width * 3) {
    for (let x = 0; x < side; x += 1) {
      const at = row + (starts[x] ?? 0) * 3;
      const left = weights[x * 2] ?? 0;
      const right = weights[x * 2 + 1] ?? 0;
      lines[to] = (ACROSS_HALF + left * (data[at] ?? 0) + right * (data[at + 3] ?? 0)) >> ACROSS_SHIFT;
      lines[to + 1] = (ACROSS_HALF + left * (data[at + 1] ?? 0) + right * (data[at + 4] ?? 0)) >> ACROSS_SHIFT;
      lines[to + 2] = (ACROSS_HALF + left * (data[at + 2] ?? 0) + right * (data[at + 5] ?? 0)) >> ACROSS_SHIFT;
      to += 3;
    }
  }
}

/** Every needed row at its new width, any number of taps. */
function narrow({ data, width }: RgbPicture, { taps, first, lines, side }: Pass): void {
  const { starts, weights, count } = taps;
  let to = 0;
  for (let row = first * width * 3; to < lines.length; row += width * 3) {
    for (let x = 0; x < side; x += 1) {
      let [red, green, blue] = [ACROSS_HALF, ACROSS_HALF, ACROSS_HALF];
      let at = row + (starts[x] ?? 0) * 3;
      for (let tap = x * count; tap < (x + 1) * count; tap += 1) {
        const weight = weights[tap] ?? 0;
        red += weight * (data[at] ?? 0);
        green += weight * (data[at + 1] ?? 0);
        blue += weight * (data[at + 2] ?? 0);
        at += 3;
      }
      lines[to] = red >> ACROSS_SHIFT;
      lines[to + 1] = green >> ACROSS_SHIFT;
      lines[to + 2] = blue >> ACROSS_SHIFT;
      to += 3;
    }
  }
}

/** Every column at its new height, two taps a pixel. */
function heighten(square: Uint8Array, { taps, first, lines, side }: Pass): Uint8Array {
  const line = side * 3;
  for (let y = 0; y < side; y += 1) {
    const upper = taps.weights[y * 2] ?? 0;
    const lower = taps.weights[y * 2 + 1] ?? 0;
    const from = ((taps.starts[y] ?? 0) - first) * line;
    const to = y * line;
    for (let i = 0; i < line; i += 1) {
      const sum = DOWN_HALF + upper * (lines[from + i] ?? 0) + lower * (lines[from + line + i] ?? 0);
      square[to + i] = sum >> DOWN_SHIFT;
    }
  }
  return square;
}

/** Every column at its new height, any number of taps. */
function flatten(square: Uint8Array, { taps, first, lines, side }: Pass): Uint8Array {
  const line = side * 3;
  const sums = new Int32Array(line);
  for (let y = 0; y < side; y += 1) {
    sums.fill(DOWN_HALF);
    for (let tap = 0; tap < taps.count; tap += 1) {
      const weight = taps.weights[y * taps.count + tap] ?? 0;
      const from = ((taps.starts[y] ?? 0) - first + tap) * line;
      if (weight !== 0) for (let i = 0; i < line; i += 1) sums[i] = (sums[i] ?? 0) + weight * (lines[from + i] ?? 0);
    }
    for (let i = 0; i < line; i += 1) square[y * line + i] = (sums[i] ?? 0) >> DOWN_SHIFT;
  }
  return square;
}
