import sharp, { type Sharp } from 'sharp';
import { decodeBmp } from '../data-access/bmp.ts';
import { heldBytes, MAX_HELD_BYTES } from '../data-access/held-bytes.ts';
import { imageType, strangerName } from '../data-access/image-type.ts';
import { Room } from './room.ts';

/** The largest picture of the contract: 16,000 px a side. */
const MAX_PIXELS = 16_000 ** 2;

/** Pictures that are held whole are decoded side by side only as far as the largest of them could be alone. */
const room = new Room(MAX_HELD_BYTES);

/**
 * Opens an image file as a stranger sent it, and works on its picture: the only way to a decoder. The type is told by the
 * bytes, so no loader for drawings or documents is ever reached; damage is an error, not a grey area; of an animation
 * the first picture counts.
 *
 * @throws when the bytes are no image of a type that is read, or the picture is too large for the memory there is
 */
export async function withPicture<T>(image: Uint8Array, work: (picture: Sharp) => Promise<T>): Promise<T> {
  const held = heldBytes(image);
  if (held > MAX_HELD_BYTES) throw new Error(`the picture would take ${held} bytes, more than ${MAX_HELD_BYTES}`);
  return room.with(held, () => work(open(image)));
}

function open(image: Uint8Array): Sharp {
  const type = imageType(image);
  if (type === undefined) throw new Error(`is ${strangerName(image)}`);
  const limits = { failOn: 'error' as const, limitInputPixels: MAX_PIXELS };
  if (type !== 'bmp') return sharp(image, limits);
  const { data, width, height } = decodeBmp(image);
  return sharp(data, { ...limits, raw: { width, height, channels: 3 } });
}
