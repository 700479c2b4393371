/** A bitmap that breaks its format, is cut short, or is packed in a way that is not read. */
export class BmpError extends Error {
  override readonly name = 'BmpError';
}

/** RGB bytes, row by row from the top. */
interface Bitmap {
  data: Uint8Array;
  width: number;
  height: number;
}

interface Header {
  width: number;
  height: number;
  topDown: boolean;
  bits: number;
  /** Where the pixels begin. */
  offset: number;
  /** Bytes of a row, filled up to four. */
  stride: number;
  masks: [red: number, green: number, blue: number];
  palette: Uint8Array[];
}

/** Sizes of the headers of OS/2 and Windows, versions 1 to 5. */
const HEADER_SIZES = [12, 40, 52, 56, 64, 108, 124];
const PLAIN = 0;
const BIT_FIELDS = [3, 6];
const MASKS_16: Header['masks'] = [0x7c00, 0x03e0, 0x001f];
const MASKS_32: Header['masks'] = [0xff0000, 0x00ff00, 0x0000ff];

/** Sides in pixels that a bitmap claims to have; undefined when the header is cut off. */
export function bmpSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  if (bytes.length < 30) return undefined;
  const view = viewOf(bytes);
  if (view.getUint32(14, true) === 12) return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  return { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
}

/**
 * Decodes a Windows or OS/2 bitmap of 1, 4, 8, 16, 24 or 32 bits a pixel (Microsoft, "Bitmap Storage"). Transparency is
 * ignored, as few programs write it right. Packed bitmaps (RLE) are refused, so a file cannot make more pixels than it has
 * bits. The libraries at hand draw palettes, odd widths or top-down files wrongly.
 *
 * @throws {BmpError} saying what is wrong
 */
export function decodeBmp(bytes: Uint8Array): Bitmap {
  const header = readHeader(bytes);
  const { width, height, offset, stride, topDown } = header;
  const data = new Uint8Array(width * height * 3);
  const put = pixelWriter(bytes, header, data);
  for (let y = 0; y < height; y++) {
    const row = offset + stride * (topDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) put(row, x, (y * width + x) * 3);
  }
  return { data, width, height };
}

function readHeader(bytes: Uint8Array): Header {
  const view = viewOf(bytes);
  const { width, height } = bmpSize(bytes) ?? { width: 0, height: 0 };
  const size = width === 0 ? 0 : view.getUint32(14, true);
  if (width === 0 || height === 0 || !HEADER_SIZES.includes(size)) throw new BmpError('the header is damaged');
  if (size > 12 && bytes.length < 66) throw new BmpError('the file is cut short');
  const bits = view.getUint16(size === 12 ? 24 : 28, true);
  const compression = size === 12 ? PLAIN : view.getUint32(30, true);
  requireReadable(bits, compression);
  const offset = view.getUint32(10, true);
  const stride = Math.ceil((width * bits) / 32) * 4;
  // Some programs leave out the filling of the last row.
  const needed = offset + stride * (height - 1) + Math.ceil((width * bits) / 8);
  if (needed > bytes.length) throw new BmpError(`the file is cut short: ${needed} bytes are needed`);
  const topDown = size > 12 && view.getInt32(22, true) < 0;
  const palette = bits <= 8 ? readPalette(bytes, { size, bits, offset }) : [];
  return { width, height, topDown, bits, offset, stride, masks: masksOf(view, bits, compression), palette };
}

function requireReadable(bits: number, compression: number): void {
  const plain = compression === PLAIN && [1, 4, 8, 16, 24, 32].includes(bits);
  const fields = BIT_FIELDS.includes(compression) && [16, 32].includes(bits);
  if (plain || fields) return;
  throw new BmpError(`bitmaps of ${bits} bits a pixel and compression ${compression} are not read`);
}

/** The masks follow the header of version 1, and are at the same place inside the later ones. */
function masksOf(view: DataView, bits: number, compression: number): Header['masks'] {
  if (compression === PLAIN) return bits === 16 ? MASKS_16 : MASKS_32;
  return [view.getUint32(54, true), view.getUint32(58, true), view.getUint32(62, true)];
}

/** Entries of blue, green, red, and a fourth byte in all but the oldest version. */
function readPalette(bytes: Uint8Array, { size, bits, offset }: { size: number; bits: number; offset: number }) {
  const entry = size === 12 ? 3 : 4;
  const start = 14 + size;
  const count = Math.min(2 ** bits, Math.max(0, Math.floor((offset - start) / entry)));
  return Array.from({ length: count }, (_, i) => bytes.slice(start + i * entry, start + i * entry + 3).reverse());
}

/** Writes the pixel `x` of the row that begins at `row` to `at`. */
type PixelWriter = (row: number, x: number, at: number) => void;

function pixelWriter(bytes: Uint8Array, header: Header, data: Uint8Array): PixelWriter {
  if (header.bits <= 8) return indexedWriter(bytes, header, data);
  if (header.bits === 24) return directWriter(bytes, data);
  return maskedWriter(bytes, header, data);
}

function indexedWriter(bytes: Uint8Array, { bits, palette }: Header, data: Uint8Array): PixelWriter {
  const black = new Uint8Array(3);
  const mask = 2 ** bits - 1;
  return (row, x, at) => {
    const bit = x * bits;
    const index = ((bytes[row + (bit >> 3)] ?? 0) >> (8 - bits - (bit & 7))) & mask;
    data.set(palette[index] ?? black, at);
  };
}

function directWriter(bytes: Uint8Array, data: Uint8Array): PixelWriter {
  return (row, x, at) => {
    const from = row + x * 3;
    data[at] = bytes[from + 2] ?? 0;
    data[at + 1] = bytes[from + 1] ?? 0;
    data[at + 2] = bytes[from] ?? 0;
  };
}

function maskedWriter(bytes: Uint8Array, { bits, masks }: Header, data: Uint8Array): PixelWriter {
  const view = viewOf(bytes);
  const parts = masks.map(maskedPart);
  return (row, x, at) => {
    const value = bits === 16 ? view.getUint16(row + x * 2, true) : view.getUint32(row + x * 4, true);
    for (let channel = 0; channel < 3; channel++) data[at + channel] = parts[channel]?.(value) ?? 0;
  };
}

/** Scales the bits under a mask to a byte. */
function maskedPart(mask: number): (value: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const largest = mask >>> shift;
  return (value) => Math.round((((value & mask) >>> shift) * 255) / largest);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
