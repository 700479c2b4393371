import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';

/** Files that are small on the disk and would be vast in memory. */
export async function imageBombs(): Promise<Record<string, Buffer>> {
  return {
    'one-bit.png': blackPng(30_000, 30_000),
    'entity.png': Buffer.from(SVG),
    'drawing.jpg': Buffer.from(SVG.slice(SVG.indexOf('<svg'))),
    'packed.png': Buffer.from('\x1f\x8b\x08\0\0\0\0\0\0\x03', 'latin1'),
    'gif-and-drawing.gif': Buffer.from(`GIF89a${SVG}`),
    'webp-and-drawing.webp': Buffer.from(`RIFFaaaaWEBP${SVG}`),
    'tiff-and-drawing.tif': Buffer.concat([Buffer.from('II*\0'), Buffer.from(SVG)]),
  };
}

/** Animations of thousands of frames on a large canvas: 18 and 320 GB if all were kept; only the first counts. */
export async function animations(): Promise<Record<string, Buffer>> {
  return { 'frames.gif': manyFrames(1900, 5000), 'frames.webp': await manyWebpFrames(4000, 5000) };
}

/** Would read a file and ask a server, were it ever drawn, and grow to a million words. */
const SVG = `<?xml version="1.0"?>
<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY file SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" width="64" height="64">
<image x:href="http://169.254.169.254/latest" width="9" height="9"/><text>&b;&file;</text></svg>`;

/** One bit a pixel, all there: a hundred kilobytes of it are nine hundred million pixels. */
function blackPng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const pixels = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))));
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const end = pngChunk('IEND', Buffer.alloc(0));
  return Buffer.concat([signature, pngChunk('IHDR', header), pngChunk('IDAT', pixels), end]);
}

function pngChunk(type: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type), body]);
  return Buffer.concat([u32be(body.length), typed, u32be(crc32(typed))]);
}

/** A GIF whose frames are one dot each. */
function manyFrames(side: number, frames: number): Buffer {
  const screen = Buffer.alloc(4);
  screen.writeUInt16LE(side, 0);
  screen.writeUInt16LE(side, 2);
  const dot = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 1, 0]);
  const start = [Buffer.from('GIF89a'), screen, Buffer.from([0x80, 0, 0, 0, 0, 0, 255, 255, 255])];
  return Buffer.concat([...start, ...Array<Buffer>(frames).fill(dot), Buffer.from(';')]);
}

/** A WebP animation whose frames are one dot each (RIFF container: VP8X, ANIM, then an ANMF for each frame). */
async function manyWebpFrames(side: number, frames: number): Promise<Buffer> {
  const still = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } })
    .webp({ lossless: true })
    .toBuffer();
  const picture = still.subarray(12);
  const canvas = Buffer.from([2, 0, 0, 0, ...u24(side - 1), ...u24(side - 1)]);
  const frame = riff('ANMF', Buffer.concat([Buffer.from([...Array(12).fill(0), ...u24(10), 0]), picture]));
  const body = [riff('VP8X', canvas), riff('ANIM', Buffer.alloc(6)), ...Array<Buffer>(frames).fill(frame)];
  return riff('RIFF', Buffer.concat([Buffer.from('WEBP'), ...body]));
}

function riff(type: string, body: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(body.length);
  return Buffer.concat([Buffer.from(type), size, body, Buffer.alloc(body.length % 2)]);
}

function u24(value: number): number[] {
  return [value & 255, (value >> 8) & 255, value >> 16];
}

function u32be(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
