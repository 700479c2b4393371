const BINS = 9;
const CELL = 8;
const BLOCK = 2;
const EPSILON = 1e-6;

/** Length of the vector of `gradientHistogram` for an image of that side. */
export function gradientDimensions(side: number): number {
  return (side / CELL - BLOCK + 1) ** 2 * BLOCK * BLOCK * BINS;
}

/**
 * Histogram of oriented gradients of an RGB image: cells of 8 × 8 pixels with 9 unsigned orientations, blocks of 2 × 2 cells
 * normalised by L2-hys (clipped at 0.2). After Dalal and Triggs, "Histograms of Oriented Gradients for Human Detection" (2005).
 * Values are 0–1.
 *
 * @param rgb `side × side × 3` bytes; `side` is a multiple of 8
 */
export function gradientHistogram(rgb: Uint8Array, side: number): Float32Array {
  const cells = side / CELL;
  const histograms = cellGradients(rgb, side);
  const feature = new Float32Array(gradientDimensions(side));
  let offset = 0;
  for (let y = 0; y + BLOCK <= cells; y += 1) {
    for (let x = 0; x + BLOCK <= cells; x += 1) {
      const block = blockOf(histograms, y * cells + x, cells);
      feature.set(normalised(block), offset);
      offset += block.length;
    }
  }
  return feature;
}

/**
 * Histograms of 9 unsigned orientations, one a cell of 8 × 8 pixels, row by row; their values are sums of gradient strengths.
 *
 * @param rgb `side × side × 3` bytes; `side` is a multiple of 8
 */
export function cellGradients(rgb: Uint8Array, side: number): Float32Array {
  return cellHistograms(luminance(rgb), side);
}

/** Rec. 601 luma, 0–1. */
function luminance(rgb: Uint8Array): Float32Array {
  const luma = new Float32Array(rgb.length / 3);
  for (let i = 0; i < luma.length; i += 1) {
    luma[i] = (0.299 * (rgb[i * 3] ?? 0) + 0.587 * (rgb[i * 3 + 1] ?? 0) + 0.114 * (rgb[i * 3 + 2] ?? 0)) / 255;
  }
  return luma;
}

/** One 9-bin histogram a cell; a gradient is shared between the two nearest orientations. */
function cellHistograms(luma: Float32Array, side: number): Float32Array {
  const cells = side / CELL;
  const histograms = new Float32Array(cells * cells * BINS);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const [dx, dy] = gradientAt(luma, side, { x, y });
      const position = ((Math.atan2(dy, dx) + Math.PI) / Math.PI) * BINS;
      const low = Math.floor(position);
      const cell = (Math.floor(y / CELL) * cells + Math.floor(x / CELL)) * BINS;
      const strength = Math.hypot(dx, dy);
      addTo(histograms, cell + (low % BINS), strength * (1 - (position - low)));
      addTo(histograms, cell + ((low + 1) % BINS), strength * (position - low));
    }
  }
  return histograms;
}

function gradientAt(luma: Float32Array, side: number, { x, y }: { x: number; y: number }): [number, number] {
  const at = (column: number, row: number) =>
    luma[Math.min(Math.max(row, 0), side - 1) * side + Math.min(Math.max(column, 0), side - 1)] ?? 0;
  return [at(x + 1, y) - at(x - 1, y), at(x, y + 1) - at(x, y - 1)];
}

function addTo(values: Float32Array, index: number, amount: number): void {
  values[index] = (values[index] ?? 0) + amount;
}

function blockOf(histograms: Float32Array, firstCell: number, cells: number): Float32Array {
  const block = new Float32Array(BLOCK * BLOCK * BINS);
  for (let row = 0; row < BLOCK; row += 1) {
    const start = (firstCell + row * cells) * BINS;
    block.set(histograms.subarray(start, start + BLOCK * BINS), row * BLOCK * BINS);
  }
  return block;
}

function normalised(block: Float32Array): Float32Array {
  const clipped = unit(block).map((value) => Math.min(value, 0.2));
  return unit(clipped);
}

function unit(values: Float32Array): Float32Array {
  const norm = Math.hypot(...values) + EPSILON;
  return values.map((value) => value / norm);
}
