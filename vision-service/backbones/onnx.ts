import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Backbone } from './backbone.ts';
import { decodeBatch } from './decode.ts';
import { BackboneError } from './errors.ts';

const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

/** Raise the version whenever preprocessing changes a value: it is part of the hash that keys cached features. */
const PREPROCESSING = 'preprocessing 1: RGB on white, stretched bilinear, ImageNet mean and deviation, planes';

/** Threads that wait spin by default: on a machine that does other work too, that made embedding up to three times slower. */
const WAIT_ASLEEP = { session: { intra_op: { allow_spinning: '0' } } };

/** Which ONNX file to load, and what it must be. */
export interface OnnxBackboneOptions {
  name: string;
  file: string;
  /** SHA-256 the file must have; any file is taken if not given. */
  sha256?: string;
  /** Threads for inference. */
  threads: number;
}

/**
 * A backbone from an ONNX file with one image input `n × 3 × side × side` (ImageNet mean and deviation removed). Its feature is
 * the output called `feat`, or the first one; an output with a map (`n × d × h × w`) is averaged over its places.
 *
 * @throws {BackboneError} when the file is missing, is not the expected one, or has another shape
 */
export async function createOnnxBackbone(options: OnnxBackboneOptions): Promise<Backbone> {
  const model = await readModel(options);
  const session = await openSession(options, model);
  const network = await networkOf(options, session);
  const tables = normalisingTables();
  return {
    name: options.name,
    hash: createHash('sha256').update(model.sha256).update(`${PREPROCESSING}, side ${network.side}`).digest('hex'),
    dimensions: network.dimensions,
    async embed(images, { signal } = {}) {
      signal?.throwIfAborted();
      if (images.length === 0) return [];
      const pictures = await decodeBatch(images, network.side);
      signal?.throwIfAborted();
      return infer(network, toPlanes(pictures, tables), images.length);
    },
    close: () => session.release(),
  };
}

interface Network {
  session: InferenceSession;
  input: string;
  output: string;
  /** Pixels. */
  side: number;
  dimensions: number;
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

async function openSession({ name, file, threads }: OnnxBackboneOptions, { bytes }: { bytes: Uint8Array }) {
  try {
    return await InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      logSeverityLevel: 3,
      extra: WAIT_ASLEEP,
    });
  } catch (error) {
    throw new BackboneError(`Backbone "${name}": ${file} is no ONNX model that can be run`, { cause: error });
  }
}

/** Finds the image input and the feature output; one black picture tells the length of the feature. */
async function networkOf({ name, file }: OnnxBackboneOptions, session: InferenceSession): Promise<Network> {
  const input = session.inputMetadata[0];
  const output = session.outputNames.find((candidate) => candidate === 'feat') ?? session.outputNames[0];
  const shape = input?.isTensor === true && input.type === 'float32' ? input.shape : [];
  const [, channels, height, width] = shape;
  if (session.inputNames.length !== 1 || input === undefined || output === undefined || channels !== 3) {
    throw new BackboneError(`Backbone "${name}": ${file} must have one input of 32-bit floats, n x 3 x side x side`);
  }
  if (typeof height !== 'number' || height !== width) {
    throw new BackboneError(
      `Backbone "${name}": the input of ${file} must be a square of a fixed side, not ${shape.join(' x ')}`,
    );
  }
  const network = { session, input: input.name, output, side: height, dimensions: 0 };
  const [feature] = await infer(network, new Float32Array(3 * height * height), 1);
  return { ...network, dimensions: feature?.length ?? 0 };
}

async function infer(network: Network, planes: Float32Array, count: number): Promise<Float32Array[]> {
  const image = new Tensor('float32', planes, [count, 3, network.side, network.side]);
  const results = await network.session.run({ [network.input]: image }, [network.output]);
  const output = results[network.output];
  if (output === undefined || !(output.data instanceof Float32Array)) {
    throw new BackboneError(`The output "${network.output}" of the backbone is not made of 32-bit floats`);
  }
  const { data, dims } = output;
  const places = dims.slice(2).reduce((product, size) => product * size, 1);
  const length = data.length / count;
  return Array.from({ length: count }, (_, i) => averagePlaces(data.slice(i * length, (i + 1) * length), places));
}

function averagePlaces(map: Float32Array, places: number): Float32Array {
  if (places === 1) return map;
  return Float32Array.from({ length: map.length / places }, (_, channel) => {
    const plane = map.subarray(channel * places, (channel + 1) * places);
    return plane.reduce((sum, value) => sum + value, 0) / places;
  });
}

/** For each channel the normalised value of every byte: three look-ups a pixel instead of arithmetic. */
function normalisingTables(): Float32Array[] {
  return MEAN.map((mean, channel) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / (DEVIATION[channel] ?? 1)),
  );
}

/** Interleaved RGB bytes → normalised planes, picture after picture. */
function toPlanes(pictures: readonly Uint8Array[], tables: readonly Float32Array[]): Float32Array {
  const size = pictures[0]?.length ?? 0;
  const planes = new Float32Array(size * pictures.length);
  for (const [i, picture] of pictures.entries()) {
    for (const [channel, table] of tables.entries()) {
      const plane = planes.subarray(i * size + (channel * size) / 3, i * size + ((channel + 1) * size) / 3);
      for (let pixel = 0; pixel < plane.length; pixel += 1)
        plane[pixel] = table[picture[pixel * 3 + channel] ?? 0] ?? 0;
    }
  }
  return planes;
}
