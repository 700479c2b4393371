import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Backbone } from '../../vision-service/backbones/backbone.ts';
import { loadBackbone } from '../../vision-service/backbones/load-backbone.ts';
import { createOnnxBackbone } from '../../vision-service/backbones/onnx.ts';
import { EmbeddingCache, embedImages } from '../../vision-service/embeddings.ts';
import { cosine, squarePng } from './compute-fixtures.ts';

const RED: [number, number, number] = [220, 30, 30];
const BLUE: [number, number, number] = [30, 30, 220];

describe.each(['classical', 'efficientnet-lite0'])('backbone %s', (name) => {
  it('gives one finite vector of its length for each image, alone or in a batch', async () => {
    const backbone = await loadBackbone(name);
    const images = await Promise.all([squarePng(RED, BLUE), squarePng(BLUE, RED)]);
    const together = await backbone.embed(images);
    const [alone] = await backbone.embed(images.slice(1));
    expect(together.map((feature) => feature.length)).toEqual([backbone.dimensions, backbone.dimensions]);
    expect(together.every((feature) => feature.every(Number.isFinite))).toBe(true);
    expect(cosine(alone, together[1])).toBeCloseTo(1, 5);
    expect(cosine(together[0], together[1])).toBeLessThan(0.98);
    expect(await backbone.embed([])).toEqual([]);
    await backbone.close();
  });

  it('sees the same picture in PNG and WebP, in grey and colour, and transparent as white', async () => {
    const backbone = await loadBackbone(name);
    const png = await squarePng([255, 255, 255], [90, 90, 90]);
    const inner = await sharp(await squarePng([90, 90, 90], [90, 90, 90], 24)).toBuffer();
    const clear = { width: 48, height: 48, channels: 4 as const, background: { r: 0, g: 0, b: 0, alpha: 0 } };
    const variants = await Promise.all([
      sharp(png).webp({ lossless: true }).toBuffer(),
      sharp(png).greyscale().png().toBuffer(),
      sharp({ create: clear })
        .composite([{ input: inner }])
        .png()
        .toBuffer(),
    ]);
    const [original, ...others] = await backbone.embed([png, ...variants]);
    for (const other of others) expect(cosine(original, other)).toBeGreaterThan(0.999);
    await backbone.close();
  });

  it('names every image of a batch that cannot be decoded', async () => {
    const backbone = await loadBackbone(name);
    const junk = Buffer.from('no image');
    const batch = [junk, await squarePng(RED, BLUE), junk];
    await expect(backbone.embed(batch)).rejects.toMatchObject({
      name: 'UndecodableImagesError',
      problems: [{ position: 0 }, { position: 2 }],
    });
    await backbone.close();
  });

  it('stops when it is told to', async () => {
    const backbone = await loadBackbone(name);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(backbone.embed([await squarePng(RED, BLUE)], { signal })).rejects.toThrow('enough');
    await backbone.close();
  });
});

describe('loadBackbone', () => {
  it('refuses a name it does not know, and says which it knows', async () => {
    await expect(loadBackbone('resnet')).rejects.toThrow('Known: efficientnet-lite0, classical, onnx:<file>');
  });

  it('refuses weights that are not the expected ones, missing, or no model', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'deltaloop-backbone-')), 'model.onnx');
    const options = { name: 'mine', file, threads: 1 };
    await expect(createOnnxBackbone(options)).rejects.toThrow('cannot be read');
    await writeFile(file, 'no model');
    await expect(createOnnxBackbone(options)).rejects.toThrow('no ONNX model');
    await expect(createOnnxBackbone({ ...options, sha256: '0'.repeat(64) })).rejects.toThrow('not the expected ones');
  });

  it('takes an ONNX file of one’s own, with a hash of its own', async () => {
    const file = new URL('../../vision-service/backbones/models/efficientnet-lite0.onnx', import.meta.url).pathname;
    const [own, known] = [await loadBackbone(`onnx:${file}`), await loadBackbone('efficientnet-lite0')];
    const classical = await loadBackbone('classical');
    // It looks at parts of a picture at another side, which changes nothing of what is known of whole ones.
    expect(own).toMatchObject({ dimensions: 1280, hash: known.hash, cropSide: 224 });
    expect(classical.hash).not.toBe(known.hash);
    await Promise.all([own.close(), known.close()]);
  });
});

describe('embedImages', () => {
  const image = (sha256: string, bytes: Uint8Array) => ({ sha256, read: async () => bytes });
  const cacheInMemory = () => new EmbeddingCache(new DatabaseSync(':memory:'));

  it('computes every image once, in any order, and finds it again', async () => {
    const backbone = await loadBackbone('classical');
    const cache = cacheInMemory();
    const colours = Array.from({ length: 20 }, (_, i): [number, number, number] => [i * 12, 255 - i * 12, 40]);
    const images = await Promise.all(colours.map(async (colour, i) => image(`${i}`, await squarePng(colour, BLUE))));
    const progress: number[] = [];
    const first = await embedImages({ backbone, cache, images, onProgress: (done) => progress.push(done) });
    expect(first.computed).toBe(20);
    expect(progress.at(-1)).toBe(20);
    const again = await embedImages({ backbone, cache, images: [...images.toReversed(), ...images.slice(0, 3)] });
    expect(again.computed).toBe(0);
    expect(again.features).toEqual([...first.features.toReversed(), ...first.features.slice(0, 3)]);
  });

  it('keeps the features of different backbones apart', async () => {
    const classical = await loadBackbone('classical');
    const other: Backbone = {
      ...classical,
      hash: 'other',
      embed: async (images) => images.map(() => new Float32Array(3)),
    };
    const cache = cacheInMemory();
    const images = [image('a', await squarePng(RED, BLUE))];
    await embedImages({ backbone: classical, cache, images });
    const result = await embedImages({ backbone: other, cache, images });
    expect(result).toMatchObject({ computed: 1, features: [new Float32Array(3)] });
  });

  it('names every image that cannot be decoded, and keeps what it computed', async () => {
    const backbone = await loadBackbone('classical');
    const cache = cacheInMemory();
    const good = await squarePng(RED, BLUE);
    const images = Array.from({ length: 20 }, (_, i) =>
      image(`${i}`, i === 3 || i === 15 ? Buffer.from('junk') : good),
    );
    await expect(embedImages({ backbone, cache, images })).rejects.toMatchObject({
      problems: [{ sha256: '3' }, { sha256: '15' }],
    });
    expect(
      cache.getMany(
        images.map((one) => one.sha256),
        backbone.hash,
      ).size,
    ).toBe(18);
  });

  it('passes on what reading an image throws', async () => {
    const backbone = await loadBackbone('classical');
    const images = [{ sha256: 'a', read: () => Promise.reject(new Error('gone')) }];
    await expect(embedImages({ backbone, cache: cacheInMemory(), images })).rejects.toThrow('gone');
  });

  it('stops when it is told to', async () => {
    const backbone = await loadBackbone('classical');
    const images = [image('a', await squarePng(RED, BLUE))];
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(embedImages({ backbone, cache: cacheInMemory(), images, signal })).rejects.toThrow('enough');
  });
});
