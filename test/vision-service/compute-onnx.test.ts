import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Backbone } from '../../vision-service/backbones/backbone.ts';
import { loadBackbone } from '../../vision-service/backbones/load-backbone.ts';
import { squarePng } from './compute-fixtures.ts';
import { type TinyModel, tinyOnnx } from './compute-tiny-onnx.ts';

/** One colour all over, so that every pooling gives the colour as the model sees it. */
const COLOUR: [number, number, number] = [51, 102, 204];
const IMAGENET = [(0.2 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, (0.8 - 0.406) / 0.225];

const open: Backbone[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((backbone) => backbone.close()));
});

async function load(model: TinyModel, files: Record<string, unknown> = {}): Promise<Backbone> {
  const folder = await mkdtemp(join(tmpdir(), 'deltaloop-onnx-'));
  await writeFile(join(folder, 'model.onnx'), tinyOnnx(model));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  const backbone = await loadBackbone(`onnx:${join(folder, 'model.onnx')}`, { threads: 1 });
  open.push(backbone);
  return backbone;
}

async function featureOf(backbone: Backbone): Promise<number[]> {
  const [feature] = await backbone.embed([await squarePng(COLOUR, COLOUR)]);
  return [...(feature ?? [])];
}

function expectClose(values: readonly number[], wanted: readonly number[], digits = 3): void {
  expect(values).toHaveLength(wanted.length);
  for (const [i, value] of values.entries()) expect(value).toBeCloseTo(wanted[i] ?? Number.NaN, digits);
}

type Shape = TinyModel['inputs'][number]['shape'];
type Type = TinyModel['inputs'][number]['type'];

/** Gives the input back as its output: a map. */
function identity(shape: Shape, type: Type = 'float32'): TinyModel {
  return {
    inputs: [{ name: 'pixels', type, shape }],
    outputs: [{ name: 'map', type, shape }],
    nodes: [{ operator: 'Identity', inputs: ['pixels'], outputs: ['map'] }],
  };
}

/** Bytes in, 32-bit floats out. */
function bytes(shape: Shape): TinyModel {
  return {
    inputs: [{ name: 'pixels', type: 'uint8', shape }],
    outputs: [{ name: 'map', type: 'float32', shape }],
    nodes: [{ operator: 'Cast', inputs: ['pixels'], outputs: ['map'], attributes: { to: 1 } }],
  };
}

describe('a backbone from an ONNX file', () => {
  it('reads layout, type and side from the input, and averages maps over their places', async () => {
    for (const shape of [
      ['n', 3, 16, 16],
      [1, 3, 16, 16],
      ['n', 16, 16, 3],
    ] as const) {
      const backbone = await load(identity(shape));
      expect(backbone).toMatchObject({ side: 16, dimensions: 3 });
      expectClose(await featureOf(backbone), IMAGENET);
    }
    expectClose(await featureOf(await load(identity(['n', 3, 16, 16], 'float16'))), IMAGENET, 2);
    expectClose(await featureOf(await load(bytes(['n', 16, 16, 3]))), COLOUR);
    expectClose(await featureOf(await load(bytes(['n', 3, 16, 16]))), COLOUR);
  });

  it('gives a model of one channel the brightness', async () => {
    const [brightness] = await featureOf(await load(identity(['n', 1, 16, 16])));
    expect(brightness).toBeCloseTo(Math.round(0.299 * 51 + 0.587 * 102 + 0.114 * 204) / 255, 5);
  });

  it('takes any side if the model does: 224, or what is said', async () => {
    const shape = ['n', 3, 'height', 'width'];
    expect((await load(identity(shape))).side).toBe(224);
    expect((await load(identity(shape), { 'model.onnx.json': { side: 32 } })).side).toBe(32);
  });

  it('looks at parts of a picture at a side of their own if it is told one and the model takes any', async () => {
    const shape = ['n', 3, 'height', 'width'];
    expect((await load(identity(shape), { 'model.onnx.json': { side: 32 } })).cropSide).toBe(32);
    const backbone = await load(identity(shape), { 'model.onnx.json': { side: 32, cropSide: 16 } });
    expect([backbone.side, backbone.cropSide]).toEqual([32, 16]);
    expect(await backbone.embedSquares([new Uint8Array(16 * 16 * 3)])).toHaveLength(1);
    const fixed = load(identity(['n', 3, 16, 16]), { 'model.onnx.json': { cropSide: 8 } });
    await expect(fixed).rejects.toThrow('"cropSide" is 8, but the model takes 16 pixels only');
  });

  it('follows what the file beside it says', async () => {
    const settings = { channels: 'BGR', scale: 1 / 51, mean: [1, 1, 1], std: [1, 2, 1] };
    const backbone = await load(identity(['n', 3, 16, 16]), { 'model.onnx.json': settings });
    expectClose(await featureOf(backbone), [3, 0.5, 0]);
  });

  it('follows a preprocessor_config.json, and the file beside the model over it', async () => {
    const config = { size: { height: 32, width: 32 }, image_mean: [0.2, 0.2, 0.2], image_std: [0.2, 0.2, 0.2] };
    const model = identity(['n', 3, 'height', 'width']);
    const hugging = await load(model, { 'preprocessor_config.json': { ...config, feature_extractor_type: 'ViT' } });
    expect(hugging.side).toBe(32);
    expectClose(await featureOf(hugging), [0, 1, 3]);
    const both = await load(model, { 'preprocessor_config.json': config, 'model.onnx.json': { std: [1, 1, 1] } });
    expectClose(await featureOf(both), [0, 0.2, 0.6]);
  });

  it('follows the metadata that ONNX defines for images', async () => {
    const metadata = { 'Image.BitmapPixelFormat': 'Bgr8', 'Image.NominalPixelRange': 'NominalRange_0_255' };
    expectClose(await featureOf(await load({ ...identity(['n', 3, 16, 16]), metadata })), COLOUR.toReversed());
  });

  it('takes the first token of a transformer, or the mean of all, and asks which', async () => {
    // Every row of a channel is a token: the colours follow one another, 16 tokens each.
    const tokens: TinyModel = {
      inputs: [{ name: 'pixels', type: 'float32', shape: [1, 3, 16, 16] }],
      outputs: [{ name: 'tokens', type: 'float32', shape: [1, 'tokens', 16] }],
      nodes: [
        { operator: 'Split', inputs: ['pixels'], outputs: ['red', 'green', 'blue'], attributes: { axis: 1 } },
        ...['red', 'green', 'blue'].map((name) => ({
          operator: 'ReduceMean',
          inputs: [name],
          outputs: [`${name}Rows`],
          attributes: { axes: [1], keepdims: 0 },
        })),
        {
          operator: 'Concat',
          inputs: ['redRows', 'greenRows', 'blueRows'],
          outputs: ['tokens'],
          attributes: { axis: 1 },
        },
      ],
    };
    const plain = { scale: 1, mean: [0], std: [1] };
    await expect(load(tokens)).rejects.toThrow('"pooling": "cls"');
    const first = await load(tokens, { 'model.onnx.json': { ...plain, pooling: 'cls' } });
    expectClose(
      await featureOf(first),
      Array.from({ length: 16 }, () => 51),
    );
    const mean = await load(tokens, { 'model.onnx.json': { ...plain, pooling: 'mean' } });
    expectClose(
      await featureOf(mean),
      Array.from({ length: 16 }, () => 119),
      2,
    );
    expect(first.hash).not.toBe(mean.hash);
  });

  it('shows maps of its own under their names, and plain ones if it has none', async () => {
    const pool = (name: string, stride: number) => ({
      operator: 'AveragePool',
      inputs: ['pixels'],
      outputs: [name],
      attributes: { kernel_shape: [stride, stride], strides: [stride, stride] },
    });
    const shape = ['n', 3, 'h', 'w'];
    const model: TinyModel = {
      inputs: [{ name: 'pixels', type: 'float32', shape }],
      outputs: ['map8', 'map16', 'coarse'].map((name) => ({ name, type: 'float32', shape })),
      nodes: [pool('map8', 8), pool('map16', 16), pool('coarse', 32)],
    };
    const square = new Uint8Array(64 * 64 * 3).fill(255);
    const [plain] = await (await load(model)).featureMaps([square], 64);
    expect(plain?.map32).toMatchObject({ channels: 15, rows: 2, columns: 2 });
    const maps = { map8: 'map8', map16: 'map16', map32: 'coarse' };
    const [own] = await (await load(model, { 'model.onnx.json': { maps } })).featureMaps([square], 64);
    expect(own?.map8).toMatchObject({ channels: 3, rows: 8, columns: 8 });
    expect(own?.map32).toMatchObject({ channels: 3, rows: 2, columns: 2 });
    expect(own?.map32.data[0]).toBeCloseTo((1 - 0.485) / 0.229, 4);
  });
});

describe('an ONNX file that does not fit', () => {
  it.each([
    ['other types', identity(['n', 3, 16, 16], 'int64'), {}, 'must take float32, float16 or uint8'],
    ['other shapes', identity(['n', 768]), {}, 'n x 3 x side x side'],
    ['other channels', identity(['n', 4, 16, 16]), {}, '4 channels'],
    ['oblongs', identity(['n', 3, 16, 32]), {}, 'must be a square'],
    ['fixed batches', identity([8, 3, 16, 16]), {}, 'takes 8 pictures at once'],
    ['a side it does not take', identity(['n', 3, 16, 16]), { side: 32 }, 'the model takes 16 pixels only'],
    ['outputs it does not have', identity(['n', 3, 16, 16]), { output: 'tokens' }, 'there are map'],
    ['maps it does not have', identity(['n', 3, 16, 16]), { maps: { map8: 'a', map16: 'b', map32: 'map' } }, 'a, b'],
    ['tokens of a map', identity(['n', 3, 16, 16]), { pooling: 'cls' }, 'has no tokens'],
    ['normalised bytes', bytes(['n', 16, 16, 3]), { mean: [0.5] }, 'takes bytes'],
    ['keys that are unknown', identity(['n', 3, 16, 16]), { size: 224 }, 'size'],
    ['text that is no JSON', identity(['n', 3, 16, 16]), '{', 'makes no sense'],
  ])('is refused with words that help: %s', async (...[, model, sidecar, words]) => {
    const loading = load(model, { 'model.onnx.json': sidecar });
    await expect(loading).rejects.toMatchObject({ name: 'BackboneError', message: expect.stringContaining(words) });
  });

  it('names the inputs when there are several', async () => {
    const one = identity(['n', 3, 16, 16]);
    const second = { name: 'mask', type: 'float32' as const, shape: ['n'] };
    const nodes = [...one.nodes, { operator: 'Identity', inputs: ['mask'], outputs: ['copy'] }];
    const model = { inputs: [...one.inputs, second], outputs: [...one.outputs, { ...second, name: 'copy' }], nodes };
    await expect(load(model)).rejects.toThrow('pixels, mask');
  });
});
