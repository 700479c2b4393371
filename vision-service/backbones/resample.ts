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
  const first = Math.min(...down.starts);
  const rows = Math.max(...down.starts) + down.count - first;
  return squash(narrow(picture, { across, first, rows }, side), { down, first }, side);
}

function whole({ width, height }: RgbPicture): Region {
  return { left: 0, top: 0, width, height };
}

/** For every output pixel the first input pixel and the weights of `count` pixels from there; weights sum to 1. */
interface Taps {
  starts: Int32Array;
  count: number;
  weights: Float32Array;
}

function tapsOf({ from, length, size }: { from: number; length: number; size: number }, side: number): Taps {
  const step = length / side;
  const radius = Math.max(1, step);
  const count = Math.min(size, Math.ceil(radius) * 2 + 1);
  const starts = new Int32Array(side);
  const weights = new Float32Array(side * count);
  for (let i = 0; i < side; i += 1) {
    const centre = from + (i + 0.5) * step - 0.5;
    const start = Math.min(Math.max(Math.ceil(centre - radius), 0), size - count);
    starts[i] = start;
    let sum = 0;
    for (let tap = 0; tap < count; tap += 1) {
      const weight = Math.max(0, 1 - Math.abs(start + tap - centre) / radius);
      weights[i * count + tap] = weight;
      sum += weight;
    }
    // Beyond the picture there is only its nearest pixel.
    if (sum === 0) weights[i * count + (centre < 0 ? 0 : count - 1)] = sum = 1;
    for (let slot = i * count; slot < (i + 1) * count; slot += 1) weights[slot] = (weights[slot] ?? 0) / sum;
  }
  return { starts, count, weights };
}

/** Every needed row at its new width, as floats. */
function narrow(
  picture: RgbPicture,
  { across, first, rows }: { across: Taps; first: number; rows: number },
  side: number,
) {
  const { starts, count, weights } = across;
  const out = new Float32Array(rows * side * 3);
  for (let row = 0; row < rows; row += 1) {
    const line = (first + row) * picture.width;
    for (let x = 0; x < side; x += 1) {
      let [red, green, blue] = [0, 0, 0];
      let at = (line + (starts[x] ?? 0)) * 3;
      for (let tap = x * count; tap < (x + 1) * count; tap += 1) {
        const weight = weights[tap] ?? 0;
        red += weight * (picture.data[at] ?? 0);
        green += weight * (picture.data[at + 1] ?? 0);
        blue += weight * (picture.data[at + 2] ?? 0);
        at += 3;
      }
      const to = (row * side + x) * 3;
      out[to] = red;
      out[to + 1] = green;
      out[to + 2] = blue;
    }
  }
  return out;
}

/** Every column at its new height, rounded to bytes. */
function squash(lines: Float32Array, { down, first }: { down: Taps; first: number }, side: number): Uint8Array {
  const width = side * 3;
  const out = new Uint8Array(side * width);
  const sums = new Float32Array(width);
  for (let y = 0; y < side; y += 1) {
    sums.fill(0.5);
    for (let tap = 0; tap < down.count; tap += 1) {
      const weight = down.weights[y * down.count + tap] ?? 0;
      const line = ((down.starts[y] ?? 0) - first + tap) * width;
      if (weight !== 0) for (let i = 0; i < width; i += 1) sums[i] = (sums[i] ?? 0) + weight * (lines[line + i] ?? 0);
    }
    out.set(sums, y * width);
  }
  return out;
}
