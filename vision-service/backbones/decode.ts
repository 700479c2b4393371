import sharp from 'sharp';
import { UndecodableImagesError } from './errors.ts';
import { withPicture } from './open-image.ts';

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
  const { data, info } = await withPicture(image, (picture) =>
    picture
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .resize(side, side, { fit: 'fill', kernel: 'linear' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true }),
  );
  return info.channels === 3 ? data : greyToRgb(data, info.channels);
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
