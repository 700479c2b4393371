import { bmpSize } from './bmp.ts';
import { imageType } from './image-type.ts';

/** A progressive JPEG of the largest side of a training, in full colour, just fits: 10,240² pixels of 3 × 2 bytes. */
export const MAX_HELD_BYTES = 600 * 1024 * 1024;

/**
 * Memory that the decoder needs for the whole picture at once, in bytes, from the header alone. Most files are decoded
 * row by row and need none. A GIF, an interlaced PNG, a progressive JPEG or a bitmap is held whole, and a file of some
 * kilobytes can claim gigabytes.
 */
export function heldBytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (imageType(bytes)) {
    case 'gif':
      return bytes.length < 10 ? 0 : view.getUint16(6, true) * view.getUint16(8, true) * 4;
    case 'png':
      return pngBytes(view);
    case 'jpeg':
      return jpegBytes(view);
    case 'bmp': {
      const { width, height } = bmpSize(bytes) ?? { width: 0, height: 0 };
      return width * height * 3;
    }
    case 'webp':
    case 'tiff':
    case undefined:
      return 0;
  }
}

const PNG_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };

/** Offsets of the header chunk: PNG specification, section 11.2.1. */
function pngBytes(view: DataView): number {
  if (view.byteLength < 29 || view.getUint8(28) === 0) return 0;
  const channels = PNG_CHANNELS[view.getUint8(25)] ?? 4;
  return view.getUint32(16) * view.getUint32(20) * channels * (view.getUint8(24) === 16 ? 2 : 1);
}

/** Frame headers: ITU-T T.81, section B.2.2. A progressive file keeps two bytes a coefficient until its last scan. */
function jpegBytes(view: DataView): number {
  for (let at = 2; at + 9 < view.byteLength; ) {
    if (view.getUint8(at) !== 0xff) return 0;
    const marker = view.getUint8(at + 1);
    // 0xff may be repeated before a marker, as filling.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0xda) return 0;
    if (isFrame(marker)) return isProgressive(marker) ? frameBytes(view, at + 4) : 0;
    at += 2 + view.getUint16(at + 2);
  }
  return 0;
}

/** C0–CF but for the tables DHT, JPG and DAC. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}

function isProgressive(marker: number): boolean {
  return [0xc2, 0xc6, 0xca, 0xce].includes(marker);
}

function frameBytes(view: DataView, at: number): number {
  const pixels = view.getUint16(at + 1) * view.getUint16(at + 3);
  const count = Math.min(view.getUint8(at + 5), 4);
  if (at + 6 + count * 3 > view.byteLength) return 0;
  const factors = Array.from({ length: count }, (_, i) => {
    const sampling = view.getUint8(at + 7 + i * 3);
    return { wide: sampling >> 4, high: sampling & 15 };
  });
  const widest = Math.max(1, ...factors.map(({ wide }) => wide));
  const highest = Math.max(1, ...factors.map(({ high }) => high));
  return factors.reduce((sum, { wide, high }) => sum + (2 * pixels * wide * high) / (widest * highest), 0);
}
