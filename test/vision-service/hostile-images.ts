import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { picture } from './http-helpers.ts';

const SIDE = 64;

function plain(): Sharp {
  return sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: { r: 220, g: 40, b: 40 } } });
}

/** A picture that does not pack well, so that half of its file is half of its pixels. */
function noise(): Sharp {
  const dots = { type: 'gaussian' as const, mean: 128, sigma: 30 };
  return sharp({ create: { width: SIDE, height: SIDE, channels: 3, noise: dots, background: '#000' } });
}

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, bytes.length / 2);
}

/** Something that never becomes a picture: what a message says of it, and the inner code of a prediction. */
export interface BadImage {
  name: string;
  bytes: Buffer;
  says: RegExp;
  code: 'InvalidImageFormat' | 'InvalidImageSize';
}

function bad(name: string, bytes: Buffer, says: RegExp): BadImage {
  return { name, bytes, says, code: 'InvalidImageFormat' };
}

function badSize(name: string, bytes: Buffer, says: RegExp): BadImage {
  return { name, bytes, says, code: 'InvalidImageSize' };
}

/** Files that are refused by their first bytes. */
export async function badHeaders(): Promise<BadImage[]> {
  const png = await plain().png().toBuffer();
  const progressive = await plain().jpeg({ progressive: true }).toBuffer();
  const svg =
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="9" height="9"/></svg>';
  return [
    badSize('empty.png', Buffer.alloc(0), /has no bytes/),
    bad('text.jpg', Buffer.from('this is a letter'), /is not an image; JPEG, PNG/),
    bad('drawing.png', Buffer.from(svg), /is an SVG drawing/),
    bad('icon.ico', Buffer.from([0, 0, 1, 0, 1, 0, 16, 16, 0, 0]), /is an icon file/),
    bad('phone.heic', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0'), /is a HEIC or AVIF image/),
    bad('paper.pdf', Buffer.from('%PDF-1.7\n'), /is a PDF document/),
    bad('short-header.png', png.subarray(0, 20), /is damaged or cut short/),
    bad('half.gif', half(await noise().gif().toBuffer()), /is damaged or cut short/),
    bad('half.webp', half(await noise().webp().toBuffer()), /is damaged or cut short/),
    bad('short.bmp', Buffer.from('BM and no more'), /is damaged or cut short/),
    badSize('huge.png', pngOf(100_000, 100_000), /is 100000×100000 px; sides must/),
    badSize('bomb.png', pngOf(20_000, 20_000, { rows: 20_000 }), /is 20000×20000 px; sides must/),
    badSize(
      'interlaced.png',
      pngOf(9_000, 9_000, { depth: 16, colour: 6, interlaced: true }),
      /held in memory.*618 MB/,
    ),
    badSize('wide.gif', gifOf(16_000, 9_900), /held in memory.*605 MB/),
    badSize('progressive.jpg', resizedJpeg(progressive, 14_900), /held in memory.*6\d\d MB/),
    badSize('huge.bmp', bmpOf(16_000, 16_000), /held in memory.*733 MB/),
    badSize('tiny.png', await picture('red', 0, 9), /is 9×9 px; sides must/),
  ];
}

/** Files whose header is fine and whose pixels are not. */
export async function badPixels(): Promise<BadImage[]> {
  return [
    bad('half.jpg', half(await noise().jpeg().toBuffer()), /cannot be decoded/),
    bad('half.png', half(await noise().png().toBuffer()), /cannot be decoded/),
    bad('half.bmp', bmpOf(100, 100), /cannot be decoded.*cut short/),
    bad('no-pixels.png', pngOf(200, 200), /cannot be decoded/),
  ];
}

/** Files that are odd and yet images, with the size that a viewer shows. */
export async function oddImages(): Promise<{ name: string; bytes: Buffer; width: number; height: number }[]> {
  const jpeg = await plain().jpeg().toBuffer();
  const odd = (name: string, bytes: Buffer, [width, height] = [SIDE, SIDE]) => ({ name, bytes, width, height });
  return [
    odd('png-inside.jpg', await plain().png().toBuffer()),
    odd('cmyk.jpg', await plain().toColourspace('cmyk').jpeg().toBuffer()),
    odd('sixteen-bits.png', await plain().toColourspace('rgb16').png().toBuffer()),
    odd('grey.png', await plain().greyscale().png().toBuffer()),
    odd('transparent.png', await plain().ensureAlpha(0.5).png().toBuffer()),
    odd('odd-profile.jpg', withProfile(jpeg, Buffer.from('not a colour profile'.repeat(20)))),
    odd('lzw.tif', await plain().tiff({ compression: 'lzw' }).toBuffer()),
    odd('on-its-side.jpg', await rotated(100, 60).jpeg().toBuffer(), [60, 100]),
    odd('on-its-side.png', await rotated(100, 60).png().toBuffer(), [60, 100]),
    odd('animated.gif', await (await animation()).gif().toBuffer()),
    odd('animated.webp', await (await animation()).webp().toBuffer()),
    odd('picture.bmp', bmpOf(SIDE, SIDE, SIDE * SIDE * 3)),
    odd('large.png', pngOf(10_000, 10_000, { rows: 10_000 }), [10_000, 10_000]),
  ];
}

/** Stored lying, to be shown upright. */
function rotated(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: '#3060a0' } }).withMetadata({ orientation: 6 });
}

/** Three pictures of which the first is red. */
async function animation(): Promise<Sharp> {
  const frames = ['#dc2828', '#28c83c', '#283cdc'].map((background) => {
    return sharp({ create: { width: SIDE, height: SIDE, channels: 3, background } })
      .png()
      .toBuffer();
  });
  return sharp(await Promise.all(frames), { join: { animated: true } });
}

interface PngOptions {
  depth?: number;
  colour?: number;
  interlaced?: boolean;
  /** Rows of zeros that really follow. */
  rows?: number;
}

/** A PNG, grey with one bit a pixel if not said otherwise; some kilobytes of it can be millions of pixels. */
function pngOf(width: number, height: number, options: PngOptions = {}): Buffer {
  const { depth = 1, colour = 0, interlaced = false, rows = 1 } = options;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, colour, 0, 0, interlaced ? 1 : 0], 8);
  const pixels = deflateSync(Buffer.alloc(rows * (1 + Math.ceil((width * depth) / 8))), { level: 1 });
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type), body]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  check.writeUInt32BE(crc32(typed));
  return Buffer.concat([length, typed, check]);
}

/** A GIF of one grey picture of which only the first pixels are there. */
function gifOf(width: number, height: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  const frame = Buffer.concat([Buffer.from([0x2c, 0, 0, 0, 0]), size, Buffer.from([0, 2, 2, 0x4c, 1, 0])]);
  return Buffer.concat([
    Buffer.from('GIF89a'),
    size,
    Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
    frame,
    Buffer.from(';'),
  ]);
}

/** The header of a 24-bit bitmap, and so many grey bytes. */
function bmpOf(width: number, height: number, pixels = 100): Buffer {
  const header = Buffer.alloc(66);
  header.write('BM');
  header.writeUInt32LE(66, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(24, 28);
  return Buffer.concat([header, Buffer.alloc(pixels, 128)]);
}

/** The same JPEG with another size in its frame header. */
function resizedJpeg(jpeg: Buffer, side: number): Buffer {
  const changed = Buffer.from(jpeg);
  const frame = changed.indexOf(Buffer.from([0xff, 0xc2]));
  changed.writeUInt16BE(side, frame + 5);
  changed.writeUInt16BE(side, frame + 7);
  return changed;
}

/** Puts a colour profile behind the start of a JPEG (ICC.1, annex B.4). */
function withProfile(jpeg: Buffer, profile: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), profile]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(body.length + 2);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe2]), length, body, jpeg.subarray(2)]);
}
