import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BmpError, bmpSize, decodeBmp } from '../../vision-service/data-access/bmp.ts';

/** Diagonal stripes of these colours, 5 × 3 px, as Pillow 13 writes them at each depth. */
const COLOURS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [10, 20, 30],
  [200, 100, 50],
];
const STRIPES = [0, 1, 2].flatMap((y) => [0, 1, 2, 3, 4].flatMap((x) => COLOURS[(x + y) % 5] ?? []));
const PILLOW = {
  '24 bits':
    'Qk1mAAAAAAAAADYAAAAoAAAABQAAAAMAAAABABgAAAAAADAAAADEDgAAxA4AAAAAAAAAAAAA/wAAHhQKMmTIAAD/AP8AAAD/AP8AAB4UCjJkyAAA/wAAAP8A/wD/AAAeFAoyZMgA',
  '32 bits':
    'Qk1yAAAAAAAAADYAAAAoAAAABQAAAAMAAAABACAAAAAAADwAAADEDgAAxA4AAAAAAAAAAAAA/wAA/x4UCv8yZMj/AAD//wD/AP8A/wD//wAA/x4UCv8yZMj/AAD//wAA//8A/wD//wAA/x4UCv8yZMj/',
  'a palette':
    'Qk1iAAAAAAAAAEoAAAAoAAAABQAAAAMAAAABAAgAAAAAABgAAADEDgAAxA4AAAUAAAAFAAAAAP8AADJkyAAeFAoAAAD/AP8AAAAEAgEDAAAAAAAEAgEDAAAAAwAEAgEAAAA=',
};
const ONE_BIT = 'Qk1KAAAAAAAAAD4AAAAoAAAABQAAAAMAAAABAAEAAAAAAAwAAADEDgAAxA4AAAIAAAACAAAAAAAAAP///wAoAAAAkAAAAEgAAAA=';
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

/** A bitmap of version 3 with the pixels at byte 66, or behind a palette of 16 greys at byte 118. */
function bitmap(given: {
  width: number;
  height: number;
  bits: number;
  compression?: number;
  masks?: number[];
  pixels: number[];
}) {
  const { width, height, bits, compression = 0, masks = [], pixels } = given;
  const offset = bits === 4 ? 118 : 66;
  const bytes = Buffer.alloc(offset + pixels.length);
  bytes.write('BM');
  bytes.writeUInt32LE(offset, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(bits, 28);
  bytes.writeUInt32LE(compression, 30);
  for (const [i, mask] of masks.entries()) bytes.writeUInt32LE(mask, 54 + i * 4);
  if (bits === 4) for (let i = 0; i < 16; i++) bytes.fill(i * 17, 54 + i * 4, 57 + i * 4);
  bytes.set(pixels, offset);
  return new Uint8Array(bytes);
}

describe('a bitmap', () => {
  it.each(Object.entries(PILLOW))('with %s has the colours that another program gave it', (_, base64) => {
    const { data, width, height } = decodeBmp(bytesOf(base64));
    expect([width, height, [...data]]).toEqual([5, 3, STRIPES]);
  });

  it('of one bit a pixel is black and white', () => {
    const { data } = decodeBmp(bytesOf(ONE_BIT));
    const first = [...data].filter((_, i) => i % 3 === 0).slice(0, 5);
    expect(first).toEqual([0, 255, 0, 0, 255]);
  });

  it('of an odd width with four bits a pixel, top row first, is read whole', () => {
    const pixels = [0x12, 0x30, 0, 0, 0x45, 0x60, 0, 0];
    const { data } = decodeBmp(bitmap({ width: 3, height: -2, bits: 4, pixels }));
    expect([...data].filter((_, i) => i % 3 === 0).map((value) => value / 17)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('of sixteen bits a pixel scales its colours by the masks, given or usual', () => {
    const usual = decodeBmp(bitmap({ width: 2, height: 1, bits: 16, pixels: [0x00, 0x7c, 0xe0, 0x03] }));
    expect([...usual.data]).toEqual([255, 0, 0, 0, 255, 0]);
    const masks = [0xf800, 0x07e0, 0x001f];
    const given = decodeBmp(
      bitmap({ width: 2, height: 1, bits: 16, compression: 3, masks, pixels: [0, 0xf8, 0xff, 0xff] }),
    );
    expect([...given.data]).toEqual([255, 0, 0, 255, 255, 255]);
  });

  it.each([
    ['cut short', bytesOf(PILLOW['24 bits']).slice(0, -2), 'cut short'],
    ['of no height', bitmap({ width: 1, height: 0, bits: 24, pixels: [0, 0, 0, 0] }), 'header is damaged'],
    [
      'that claims more pixels than it has',
      bitmap({ width: 30_000, height: 30_000, bits: 24, pixels: [] }),
      'cut short',
    ],
    ['that is packed', bitmap({ width: 1, height: 1, bits: 8, compression: 1, pixels: [1, 0, 0, 1] }), 'not read'],
    ['of three bits a pixel', bitmap({ width: 1, height: 1, bits: 3, pixels: [0, 0, 0, 0] }), 'not read'],
  ])('%s is refused by name', (_, bytes, expected) => {
    expect(() => decodeBmp(bytes)).toThrow(expected);
  });

  it('of any bytes gives a picture of its size or a BmpError', () => {
    const start = bytesOf(PILLOW['a palette']);
    const change = fc.tuple(fc.nat(start.length - 3), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.nat(start.length), (changes, length) => {
        const bytes = start.slice(0, length);
        for (const [at, value] of changes) if (at + 2 < length) bytes[at + 2] = value;
        try {
          const { data, width, height } = decodeBmp(bytes);
          expect({ width, height }).toEqual(bmpSize(bytes));
          expect(data).toHaveLength(width * height * 3);
        } catch (error) {
          expect(error).toBeInstanceOf(BmpError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
