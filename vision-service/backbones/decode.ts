import pLimit from 'p-limit';
import sharp, { type Sharp } from 'sharp';
import { UndecodableImagesError } from './errors.ts';
import { withPicture } from './open-image.ts';
import { type RgbPicture, resampleToSquare } from './resample.ts';

// One libvips thread an image: whole batches are decoded side by side, which uses the cores better.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes one image of any common format (PNG, JPEG, WebP, GIF, TIFF, …) to RGB bytes, upright and on white where it is
 * transparent. A side longer than `side` is squeezed to it, averaging; a shorter one is left as it is, since stretching is
 * quicker where the picture is used.
 *
 * @param side pixels
 * @throws when the bytes are no image
 */
async function decodeWithin(image: Uint8Array, side: number): Promise<RgbPicture> {
  return withPicture(image, (picture) =>
    toRgb(upright(picture).resize(side, side, { fit: 'fill', kernel: 'linear', withoutEnlargement: true })),
  );
}

/**
 * Decodes one image, keeping its proportions, upright and on white.
 *
 * @param most pixels of the longer side; only an image with a longer one is made smaller
 * @throws when the bytes are no image
 */
export async function decodePicture(image: Uint8Array, most: number): Promise<RgbPicture> {
  return withPicture(image, (picture) => decodedInside(picture, most));
}

/** Stretching is left to `resampleToSquare`, which takes a third of the time. */
function decodedInside(picture: Sharp, most: number): Promise<RgbPicture> {
  return toRgb(upright(picture).resize(most, most, { fit: 'inside', kernel: 'linear', withoutEnlargement: true }));
}

function upright(picture: Sharp): Sharp {
  return picture.autoOrient().flatten({ background: '#ffffff' });
}

async function toRgb(picture: Sharp): Promise<RgbPicture> {
  const { data, info } = await picture.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
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
 * Decodes one image, keeping its proportions: the longer side becomes `side`, the rest is filled.
 *
 * @param side pixels
 * @throws when the bytes are no image
 */
export async function decodeLetterboxed(image: Uint8Array, side: number): Promise<LetterboxedPicture> {
  const { size, inside } = await withPicture(image, async (picture) => {
    const { autoOrient } = await picture.metadata();
    return { size: autoOrient, inside: await decodedInside(picture, side) };
  });
  const longer = Math.max(inside.width, inside.height);
  const square =
    longer === side
      ? inCorner(inside, side)
      : resampleToSquare(inside, side, { left: 0, top: 0, width: longer, height: longer });
  pad(square, side, {
    wide: Math.round((side * inside.width) / longer),
    high: Math.round((side * inside.height) / longer),
  });
  return { square, scale: side / Math.max(size.width, size.height), ...size };
}

/** A picture as it is, in the upper left corner of a square. */
function inCorner({ data, width, height }: RgbPicture, side: number): Uint8Array {
  const square = new Uint8Array(side * side * 3);
  const line = width * 3;
  for (let row = 0; row < height; row += 1) square.set(data.subarray(row * line, (row + 1) * line), row * side * 3);
  return square;
}

/** Fills what lies beyond the upper left `wide × high` pixels of a square. */
function pad(square: Uint8Array, side: number, { wide, high }: { wide: number; high: number }): void {
  const line = Uint8Array.from({ length: side * 3 }, (_, i) => PADDING[i % 3] ?? 0);
  for (let row = 0; row < side; row += 1) {
    const from = row < high ? wide * 3 : 0;
    square.set(line.subarray(from), row * side * 3 + from);
  }
}

/** Decodes batches of images, a bounded number at once over all batches; no side of a picture is longer than the decoder's. */
export type BatchDecoder = (images: readonly Uint8Array[]) => Promise<RgbPicture[]>;

/**
 * A decoder that works on `threads` images at once.
 *
 * @param side pixels; longer sides are squeezed to it
 * @returns a function that throws UndecodableImagesError, naming every image of the batch that is none
 */
export function batchDecoder({ side, threads }: { side: number; threads: number }): BatchDecoder {
  const limit = pLimit(threads);
  return async (images) => {
    const outcomes = await Promise.allSettled(images.map((image) => limit(() => decodeWithin(image, side))));
    const decoded: RgbPicture[] = [];
    const problems: { position: number; message: string }[] = [];
    for (const [position, outcome] of outcomes.entries()) {
      if (outcome.status === 'fulfilled') decoded.push(outcome.value);
      else problems.push({ position, message: messageOf(outcome.reason) });
    }
    if (problems.length > 0) throw new UndecodableImagesError(problems);
    return decoded;
  };
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
