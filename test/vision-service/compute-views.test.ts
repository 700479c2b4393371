import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { VIEWS, viewKey, viewOf } from '../../vision-service/backbones/views.ts';

const RED = { r: 255, g: 0, b: 0 };
const BLUE = { r: 0, g: 0, b: 255 };

/** A blue picture, 40 × 20 px, whose left quarter is red. */
function picture() {
  const left = { create: { width: 10, height: 20, channels: 3 as const, background: RED } };
  return sharp({ create: { width: 40, height: 20, channels: 3, background: BLUE } }).composite([
    { input: left, left: 0, top: 0 },
  ]);
}

async function pixels(image: Uint8Array) {
  const { data, info } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const redAt = (x: number) => (data[(10 * info.width + x) * info.channels] ?? 0) > 128;
  return { width: info.width, height: info.height, red: Array.from({ length: info.width }, (_, x) => redAt(x)) };
}

describe('a view of an image', () => {
  it('that is mirrored has left and right changed, and twice is the image', async () => {
    const once = await viewOf(await picture().png().toBuffer(), 'mirrored');
    expect((await pixels(once)).red.map((red, x) => (red ? x : -1)).filter((x) => x >= 0)).toEqual([
      30, 31, 32, 33, 34, 35, 36, 37, 38, 39,
    ]);
    expect((await pixels(await viewOf(once, 'mirrored'))).red).toEqual(
      (await pixels(await picture().png().toBuffer())).red,
    );
  });

  it('that is zoomed shows the middle, less on every side', async () => {
    const { width, height, red } = await pixels(await viewOf(await picture().png().toBuffer(), 'zoomed'));
    expect([width, height]).toEqual([34, 17]);
    expect(red.filter(Boolean)).toHaveLength(7);
  });

  it.each(VIEWS)('that is %s stands upright, also where the file says how to turn it', async (view) => {
    const turned = await picture().rotate(90).jpeg().withMetadata({ orientation: 8 }).toBuffer();
    const { width, height } = await pixels(await viewOf(turned, view));
    expect(width).toBeGreaterThan(height);
  });

  it('is never larger than a backbone looks', async () => {
    const large = await picture().resize(2000, 1000).png().toBuffer();
    expect(await pixels(await viewOf(large, 'mirrored'))).toMatchObject({ width: 640, height: 320 });
  });

  it('has a name of its own in the cache', () => {
    expect(new Set(['abc', ...VIEWS.map((view) => viewKey('abc', view))]).size).toBe(3);
  });

  it('of something else than an image is an error', async () => {
    await expect(viewOf(Buffer.from('no image'), 'zoomed')).rejects.toThrow();
  });
});
