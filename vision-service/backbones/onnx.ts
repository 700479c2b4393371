import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Backbone } from './backbone.ts';
import { classicalMaps } from './classical-maps.ts';
import { decodeBatch } from './decode.ts';
import { BackboneError } from './errors.ts';
import { type FeatureMap, type FeatureMaps, requireMapSide } from './feature-maps.ts';

/** Raise the version whenever preprocessing changes a value: it is part of the hash that keys cached features. */
const PREPROCESSING = 'preprocessing 2: RGB bytes on white, stretched bilinear';
/** Of models that take any side: the one most image networks were trained on. */
const SIDE = 224;
const MAPS = ['map8', 'map16', 'map32'] as const;

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
 * A backbone from an ONNX file with one image input of bytes, `n × side × side × 3`. Its feature is the output called `feat`,
 * or the first one; an output with a map (`n × d × h × w`) is averaged over its places. Outputs called `map8`, `map16` and
 * `map32` are its maps.
 *
 * @throws {BackboneError} when the file is missing, is not the expected one, or has another shape
 */
export async function createOnnxBackbone(options: OnnxBackboneOptions): Promise<Backbone> {
  const model = await readModel(options);
  const session = await openSession(options, model);
  const network = await networkOf(options, session);
  const ownMaps = MAPS.every((name) => session.outputNames.includes(name));
  const embedSquares: Backbone['embedSquares'] = async (squares, { signal } = {}) => {
    signal?.throwIfAborted();
    return squares.length === 0 ? [] : infer(network, squares);
  };
  return {
    name: options.name,
    hash: createHash('sha256').update(model.sha256).update(`${PREPROCESSING}, side ${network.side}`).digest('hex'),
    dimensions: network.dimensions,
    side: network.side,
    embedSquares,
    async embed(images, { signal } = {}) {
      signal?.throwIfAborted();
      return embedSquares(await decodeBatch(images, network.side), signal === undefined ? {} : { signal });
    },
    async featureMaps(squares, side, { signal } = {}) {
      requireMapSide(side);
      const maps: FeatureMaps[] = [];
      for (const square of squares) {
        signal?.throwIfAborted();
        maps.push(ownMaps ? await mapsOf(network, square, side) : classicalMaps(square, side));
      }
      return maps;
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
  const shape = input?.isTensor === true && input.type === 'uint8' ? input.shape : [];
  const [, height, width, channels] = shape;
  if (session.inputNames.length !== 1 || input === undefined || output === undefined || channels !== 3) {
    throw new BackboneError(`Backbone "${name}": ${file} must have one input of bytes, n x side x side x 3`);
  }
  if (typeof height === 'number' && height !== width) {
    throw new BackboneError(`Backbone "${name}": the input of ${file} must be a square, not ${shape.join(' x ')}`);
  }
  const side = typeof height === 'number' ? height : SIDE;
  const network = { session, input: input.name, output, side, dimensions: 0 };
  const [feature] = await infer(network, [new Uint8Array(3 * side * side)]);
  return { ...network, dimensions: feature?.length ?? 0 };
}

async function infer(network: Network, squares: readonly Uint8Array[]): Promise<Float32Array[]> {
  const count = squares.length;
  const image = new Tensor('uint8', Buffer.concat(squares), [count, network.side, network.side, 3]);
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

async function mapsOf(network: Network, square: Uint8Array, side: number): Promise<FeatureMaps> {
  const image = new Tensor('uint8', square, [1, side, side, 3]);
  const { map8, map16, map32 } = await network.session.run({ [network.input]: image }, [...MAPS]);
  return { map8: mapOf(map8), map16: mapOf(map16), map32: mapOf(map32) };
}

function mapOf(tensor: Tensor | undefined): FeatureMap {
  const [, channels = 0, rows = 0, columns = 0] = tensor?.dims ?? [];
  if (!(tensor?.data instanceof Float32Array)) throw new BackboneError('A map of the backbone has no 32-bit floats');
  return { data: tensor.data, channels, rows, columns };
}

function averagePlaces(map: Float32Array, places: number): Float32Array {
  if (places === 1) return map;
  return Float32Array.from({ length: map.length / places }, (_, channel) => {
    const plane = map.subarray(channel * places, (channel + 1) * places);
    return plane.reduce((sum, value) => sum + value, 0) / places;
  });
}
