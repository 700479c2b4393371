import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Backbone } from './backbone.ts';
import { classicalMaps } from './classical-maps.ts';
import { batchDecoder } from './decode.ts';
import { BackboneError } from './errors.ts';
import { type FeatureMaps, requireMapSide } from './feature-maps.ts';
import { InferencePool } from './inference-pool.ts';
import { onnxMetadata } from './onnx-metadata.ts';
import type { NetworkFacts } from './onnx-network.ts';
import { type OnnxSettings, settingsOfMetadata, settingsOfPreprocessor, settingsOfSidecar } from './onnx-settings.ts';
import type { RgbPicture } from './resample.ts';

/** Raise the version whenever preprocessing changes a value: it is part of the hash that keys cached features. */
const PREPROCESSING = 'preprocessing 3: RGB bytes, upright, on white, stretched bilinear';
/** Pictures that go to an inference thread at once. */
const CHUNK = 4;

/** Which ONNX file to load, and what it must be. */
export interface OnnxBackboneOptions {
  name: string;
  file: string;
  /** SHA-256 the file must have; any file is taken if not given. */
  sha256?: string;
  /** What the file's metadata and the files beside it do not say. */
  defaults?: OnnxSettings;
  /** Most pictures inferred side by side, each on one thread; as many are decoded side by side. */
  threads: number;
}

/**
 * A backbone from an ONNX file with one image input. How the input is fed is read from its shape and type, the model's metadata,
 * `preprocessor_config.json` in the same folder and `<file>.json`, the later ones winning. Its feature is the output named there,
 * else `feat`, else the first one. Outputs called `map8`, `map16` and `map32` are its feature maps.
 *
 * @throws {BackboneError} when the file is missing, is not the expected one, or does not fit
 */
export async function createOnnxBackbone(options: OnnxBackboneOptions): Promise<Backbone> {
  const { name, file, threads } = options;
  const { bytes, sha256 } = await readModel(options);
  const settings = { ...options.defaults, ...(await readSettings(options, bytes)) };
  const { pool, facts } = await InferencePool.open({ name, file, bytes, settings }, threads);
  const { dimensions, input } = facts;
  const decode = batchDecoder({ side: input.side, threads });
  const infer = async (pictures: readonly RgbPicture[], side: number) => {
    const parts = chunksOf(pictures, Math.min(CHUNK, Math.ceil(pictures.length / threads)));
    const features = await Promise.all(parts.map((part) => pool.run({ kind: 'features', pictures: part, side })));
    return features.flatMap((rows) => rowsOf(rows, dimensions));
  };
  return {
    name,
    hash: hashOf(sha256, facts),
    dimensions,
    side: input.side,
    cropSide: input.cropSide,
    async embed(images, { signal } = {}) {
      signal?.throwIfAborted();
      const pictures = await decode(images);
      signal?.throwIfAborted();
      return infer(pictures, input.side);
    },
    async embedSquares(squares, { signal } = {}) {
      signal?.throwIfAborted();
      const { cropSide: side } = input;
      if (squares.some(({ length }) => length !== side * side * 3)) {
        throw new RangeError(`Backbone "${name}" takes parts of ${side} x ${side} pixels`);
      }
      return infer(
        squares.map((square) => ({ data: alone(square), width: side, height: side })),
        side,
      );
    },
    async featureMaps(squares, side, { signal } = {}) {
      requireMapSide(side);
      return Promise.all(
        squares.map(async (square): Promise<FeatureMaps> => {
          signal?.throwIfAborted();
          return facts.maps === undefined
            ? classicalMaps(square, side)
            : pool.run({ kind: 'maps', square: alone(square), side });
        }),
      );
    },
    close: () => pool.close(),
  };
}

/** Bytes with a buffer of their own: posting a view would copy all of what it looks into. */
function alone(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

async function readModel({ name, file, sha256: expected }: OnnxBackboneOptions) {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new BackboneError(`The weights of backbone "${name}" cannot be read from ${file}`, { cause: error });
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (expected !== undefined && sha256 !== expected) {
    throw new BackboneError(
      `The weights of backbone "${name}" in ${file} are not the expected ones (SHA-256 ${sha256}, expected ${expected}). Put the file back as it was released.`,
    );
  }
  return { bytes, sha256 };
}

/** What the model's metadata and the files beside it say; a later source wins. */
async function readSettings({ name, file }: OnnxBackboneOptions, model: Uint8Array): Promise<OnnxSettings> {
  const preprocessor = path.join(path.dirname(file), 'preprocessor_config.json');
  const sidecar = `${file}.json`;
  const read = async (source: string, parse: (text: string) => OnnxSettings, text?: string) => {
    try {
      return text === undefined ? {} : parse(text);
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new BackboneError(`Backbone "${name}": ${source} makes no sense: ${words}`, { cause: error });
    }
  };
  const metadata = await read(`the metadata of ${file}`, () => settingsOfMetadata(onnxMetadata(model)), '');
  return {
    ...metadata,
    ...(await read(preprocessor, settingsOfPreprocessor, await textOf(preprocessor))),
    ...(await read(sidecar, settingsOfSidecar, await textOf(sidecar))),
  };
}

async function textOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

/** Whatever changes the feature of an image changes the hash; the side of its parts does not. */
function hashOf(sha256: string, { input: { cropSide: _crops, ...input }, output }: NetworkFacts): string {
  return createHash('sha256')
    .update(sha256)
    .update(PREPROCESSING)
    .update(JSON.stringify([input, output]))
    .digest('hex');
}

function rowsOf(values: Float32Array, dimensions: number): Float32Array[] {
  const count = values.length / dimensions;
  return Array.from({ length: count }, (_, i) => values.subarray(i * dimensions, (i + 1) * dimensions));
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
