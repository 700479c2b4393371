import sharp from 'sharp';
import { UndecodableImagesError } from './errors.ts';
import type { RgbPicture } from './resample.ts';

// One libvips thread an image: whole batches are decoded side by side, which uses the cores better.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes one image of any common format (PNG, JPEG, WebP, GIF, TIFF, …) to RGB bytes, row by row, `side × side × 3`.
 * The picture is turned upright, laid on white where it is transparent, and stretched to the square, bilinear.
 *
 * @param side pixels
 * @throws when the bytes are no image
 */
async function decodeSquare(image: Uint8Array, side: number): Promise<Uint8Array> {
  const { data, info } = await sharp(image, { failOn: 'error' })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize(side, side, { fit: 'fill', kernel: 'linear' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return info.channels === 3 ? data : greyToRgb(data, info.channels);
}

/**
 * Decodes one image at its own size, as `decodeSquare` does: upright and on white.
 *
 * @throws when the bytes are no image
 */
export async function decodePicture(image: Uint8Array): Promise<RgbPicture> {
  const { data, info } = await sharp(image, { failOn: 'error' })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { data: channels === 3 ? data : greyToRgb(data, channels), width, height };
}

/** ImageNet's mean colour: what the network's own padding stands for. */
const PADDING = [124, 116, 104];

/** A picture inside a square, in its upper left corner. */
export interface LetterboxedPicture {
  /** `side × side × 3` RGB bytes; what the picture leaves free is filled with one colour. */
  square: Uint8Array;
  /** Pixels of the square that a pixel of the picture makes: box in the picture × scale = box in the square. */
  scale: number;
  /** Sides of the picture in pixels, upright. */
  width: number;
  height: number;
}

/**
 * Decodes one image as `decodeSquare` does, but keeps its proportions: the longer side becomes `side`, the rest is filled.
 *
 * @param side pixels
 * @throws when the bytes are no image
 */
export async function decodeLetterboxed(image: Uint8Array, side: number): Promise<LetterboxedPicture> {
  const { autoOrient } = await sharp(image).metadata();
  const { width, height } = autoOrient;
  const { data, info } = await sharp(image, { failOn: 'error' })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize(side, side, { fit: 'inside', kernel: 'linear' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const rgb = info.channels === 3 ? data : greyToRgb(data, info.channels);
  const square = Uint8Array.from({ length: side * side * 3 }, (_, i) => PADDING[i % 3] ?? 0);
  for (let row = 0; row < info.height; row += 1) {
    square.set(rgb.subarray(row * info.width * 3, (row + 1) * info.width * 3), row * side * 3);
  }
  return { square, scale: side / Math.max(width, height), width, height };
}

/**
 * Decodes a batch side by side.
 *
 * @throws {UndecodableImagesError} naming every image of the batch that is none
 */
export async function decodeBatch(images: readonly Uint8Array[], side: number): Promise<Uint8Array[]> {
  const outcomes = await Promise.allSettled(images.map((image) => decodeSquare(image, side)));
  const decoded: Uint8Array[] = [];
  const problems: { position: number; message: string }[] = [];
  for (const [position, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled') decoded.push(outcome.value);
    else problems.push({ position, message: messageOf(outcome.reason) });
  }
  if (problems.length > 0) throw new UndecodableImagesError(problems);
  return decoded;
}

function greyToRgb(data: Uint8Array, channels: number): Uint8Array {
  const pixels = data.length / channels;
  const rgb = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel += 1) rgb.fill(data[pixel * channels] ?? 0, pixel * 3, pixel * 3 + 3);
  return rgb;
}

function messageOf(reason: unknown): string {
  const message = reason instanceof Error ? reason.message : String(reason);
  return message.split('\n')[0] ?? message;
}
