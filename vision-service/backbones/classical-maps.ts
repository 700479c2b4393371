import type { FeatureMap, FeatureMaps } from './feature-maps.ts';
import { cellGradients } from './gradients.ts';

const CELL = 8;
const COLOURS = 6;

/**
 * Maps without weights: mean and deviation of the three colours and the histogram of gradients of every 8 × 8 pixels, in
 * `map8`; the other two are its averages over 2 × 2 and 4 × 4 places. Values are 0–1. Meant for machines and tests without
 * weights: it tells drawings from backgrounds, not much more.
 *
 * @param square `side × side × 3` RGB bytes; `side` is a multiple of 32
 */
export function classicalMaps(square: Uint8Array, side: number): FeatureMaps {
  const map8 = finestMap(square, side);
  const map16 = halved(map8);
  return { map8, map16, map32: halved(map16) };
}

function finestMap(square: Uint8Array, side: number): FeatureMap {
  const cells = side / CELL;
  const gradients = cellGradients(square, side);
  const bins = gradients.length / cells ** 2;
  const channels = COLOURS + bins;
  const data = new Float32Array(channels * cells ** 2);
  data.set(colourPlanes(square, side));
  for (let cell = 0; cell < cells ** 2; cell += 1) {
    const histogram = gradients.subarray(cell * bins, (cell + 1) * bins);
    // A gradient is at most √2; the square root lifts faint edges.
    for (const [bin, value] of histogram.entries()) {
      data[(COLOURS + bin) * cells ** 2 + cell] = Math.min(1, Math.sqrt(value / CELL ** 2));
    }
  }
  return { data, channels, rows: cells, columns: cells };
}

/** Mean, then deviation, of red, green and blue in every cell. */
function colourPlanes(square: Uint8Array, side: number): Float32Array {
  const cells = side / CELL;
  const planes = new Float32Array(COLOURS * cells ** 2);
  for (let y = 0; y < side; y += 1) {
    for (let i = 0; i < side * 3; i += 1) {
      const value = (square[y * side * 3 + i] ?? 0) / 255;
      const cell = Math.floor(y / CELL) * cells + Math.floor(i / (3 * CELL));
      addTo(planes, (i % 3) * cells ** 2 + cell, value / CELL ** 2);
      addTo(planes, ((i % 3) + 3) * cells ** 2 + cell, value ** 2 / CELL ** 2);
    }
  }
  const half = planes.length / 2;
  for (let i = half; i < planes.length; i += 1) {
    planes[i] = Math.sqrt(Math.max(0, (planes[i] ?? 0) - (planes[i - half] ?? 0) ** 2));
  }
  return planes;
}

/** Averages over 2 × 2 places. */
function halved({ data, channels, rows, columns }: FeatureMap): FeatureMap {
  const small = { channels, rows: rows / 2, columns: columns / 2 };
  const means = new Float32Array(data.length / 4);
  for (let row = 0; row < channels * small.rows; row += 1) {
    for (let column = 0; column < small.columns; column += 1) {
      const at = row * 2 * columns + column * 2;
      const sum = (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + columns] ?? 0) + (data[at + columns + 1] ?? 0);
      means[row * small.columns + column] = sum / 4;
    }
  }
  return { data: means, ...small };
}

function addTo(values: Float32Array, index: number, amount: number): void {
  values[index] = (values[index] ?? 0) + amount;
}
