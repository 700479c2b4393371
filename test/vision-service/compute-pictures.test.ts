import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeLetterboxed, decodePicture } from '../../vision-service/backbones/decode.ts';
import { loadBackbone } from '../../vision-service/backbones/load-backbone.ts';
import { asSquare, type RgbPicture, resampleToSquare } from '../../vision-service/backbones/resample.ts';
import { cosine, squarePng } from './compute-fixtures.ts';

const picture = fc
  .record({ width: fc.integer({ min: 1, max: 40 }), height: fc.integer({ min: 1, max: 40 }) })
  .chain(({ width, height }) =>
    fc
      .uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
      .map((data): RgbPicture => ({ data, width, height })),
  );
const side = fc.integer({ min: 1, max: 48 });

describe('resampleToSquare', () => {
  it('never leaves the range of a picture’s values, so that one colour stays itself', () => {
    fc.assert(
      fc.property(picture, side, (from, to) => {
        const square = resampleToSquare(from, to);
        expect(square).toHaveLength(to * to * 3);
        for (const channel of [0, 1, 2]) {
          const values = (bytes: Uint8Array) => bytes.filter((_, i) => i % 3 === channel);
          const [before, after] = [values(from.data), values(square)];
          expect(Math.min(...after)).toBeGreaterThanOrEqual(Math.min(...before));
          expect(Math.max(...after)).toBeLessThanOrEqual(Math.max(...before));
        }
      }),
    );
  });

  it('gives a square of the same side back, and mirrors with its input', () => {
    fc.assert(
      fc.property(picture, side, (from, to) => {
        const square = { data: resampleToSquare(from, to), width: to, height: to };
        expect(resampleToSquare(square, to)).toEqual(square.data);
        expect(asSquare(square, to)).toBe(square.data);
        const mirrored = resampleToSquare(mirror(from), to);
        const off = mirror(square).data.map((value, i) => Math.abs(value - (mirrored[i] ?? 0)));
        expect(Math.max(...off)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('shows a region as if it were cut out, away from its edges', () => {
    const data = Uint8Array.from({ length: 40 * 40 * 3 }, (_, i) => (i * 7919) % 256);
    const region = { left: 8, top: 4, width: 20, height: 20 };
    const cut = Uint8Array.from({ length: 20 * 20 * 3 }, (_, i) => {
      const [row, rest] = [Math.floor(i / 60), i % 60];
      return data[((row + 4) * 40 + 8) * 3 + rest] ?? 0;
    });
    const whole = resampleToSquare({ data: cut, width: 20, height: 20 }, 40);
    const part = resampleToSquare({ data, width: 40, height: 40 }, 40, region);
    const inner = (bytes: Uint8Array) =>
      bytes.filter((_, i) => i % 120 >= 6 && i % 120 < 114 && i >= 240 && i < 38 * 120);
    expect(inner(part)).toEqual(inner(whole));
  });
});

function mirror({ data, width, height }: RgbPicture): RgbPicture {
  const turned = data.map((_, i) => {
    const [row, column, channel] = [Math.floor(i / (width * 3)), Math.floor(i / 3) % width, i % 3];
    return data[(row * width + width - 1 - column) * 3 + channel] ?? 0;
  });
  return { data: turned, width, height };
}

describe('pictures for detectors', () => {
  it('puts a picture into the upper left corner, upright, and tells its scale', async () => {
    const red = { width: 20, height: 40, channels: 3 as const, background: '#ff0000' };
    const lying = await sharp({ create: red }).withMetadata({ orientation: 6 }).jpeg({ quality: 100 }).toBuffer();
    const { square, scale, width, height } = await decodeLetterboxed(lying, 64);
    expect({ width, height, scale }).toEqual({ width: 40, height: 20, scale: 1.6 });
    const pixel = (x: number, y: number) => square.subarray((y * 64 + x) * 3, (y * 64 + x) * 3 + 3);
    expect(pixel(63, 31)[0]).toBeGreaterThan(250);
    expect([...pixel(0, 32)]).toEqual([124, 116, 104]);
    expect(await decodePicture(lying, 64)).toMatchObject({ width: 40, height: 20 });
  });

  it.each([
    ['classical', [15, 15, 15]],
    ['efficientnet-lite0', [40, 112, 320]],
  ])('are mapped by %s at 8, 16 and 32 pixels a place', async (name, channels) => {
    const backbone = await loadBackbone(name, { threads: 1 });
    const { square } = await decodeLetterboxed(await squarePng([250, 250, 250], [20, 160, 40]), 96);
    const [maps] = await backbone.featureMaps([square], 96);
    const shapes = [maps?.map8, maps?.map16, maps?.map32].map((map) => [map?.channels, map?.rows, map?.columns]);
    expect(shapes).toEqual([12, 6, 3].map((places, i) => [channels[i], places, places]));
    expect(maps?.map16.data).toHaveLength((channels[1] ?? 0) * 36);
    expect(maps?.map16.data.every(Number.isFinite)).toBe(true);
    await expect(backbone.featureMaps([square], 100)).rejects.toThrow('multiple of 32');
    await backbone.close();
  });

  it('are embedded by a backbone with one side as the image they were', async () => {
    const backbone = await loadBackbone('classical', { threads: 2 });
    const image = await squarePng([200, 40, 40], [40, 40, 200]);
    const square = resampleToSquare(await decodePicture(image, 1024), backbone.cropSide);
    const [feature] = await backbone.embed([image]);
    expect(await backbone.embedSquares([square, square, square])).toEqual([feature, feature, feature]);
    await backbone.close();
  });

  it('are embedded by the network at a smaller side, much like the image, and refused at any other', async () => {
    const backbone = await loadBackbone('efficientnet-lite0', { threads: 2 });
    expect(backbone.cropSide).toBeLessThan(backbone.side);
    const images = [await squarePng([200, 40, 40], [40, 40, 200]), await squarePng([20, 200, 40], [240, 240, 20])];
    const pictures = await Promise.all(images.map((image) => decodePicture(image, 1024)));
    const crops = await backbone.embedSquares(pictures.map((picture) => resampleToSquare(picture, backbone.cropSide)));
    const wholes = await backbone.embed(images);
    const alike = (i: number, j: number) => cosine(crops[i], wholes[j]);
    expect(Math.min(alike(0, 0), alike(1, 1))).toBeGreaterThan(Math.max(alike(0, 1), alike(1, 0)));
    const large = pictures.map((picture) => resampleToSquare(picture, backbone.side));
    await expect(backbone.embedSquares(large)).rejects.toThrow(`${backbone.cropSide} x ${backbone.cropSide} pixels`);
    await backbone.close();
  });
});
