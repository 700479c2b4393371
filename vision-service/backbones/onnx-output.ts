import type { Tensor } from 'onnxruntime-node';
import type { FeatureMap } from './feature-maps.ts';

/** How the output with the features of a picture becomes one vector. */
export interface OutputPlan {
  name: string;
  /** Of n × tokens × d: the first token, or the mean of all. */
  pooling: 'mean' | 'cls' | undefined;
  /** Whether a map is n × h × w × d. */
  channelsLast: boolean;
}

/**
 * The vector of one picture from an output 1 × d, 1 × tokens × d (a vision transformer), or a map 1 × d × h × w, which is averaged
 * over its places.
 *
 * @returns d numbers
 * @throws {Error} saying what does not fit and what to do
 */
export function pooledFeatures(tensor: Tensor | undefined, plan: OutputPlan): Float32Array {
  const data = floatsOf(tensor, plan.name);
  const dims = tensor?.dims ?? [];
  const lead = dims.length < 2 || dims[0] !== 1;
  if (lead)
    throw new Error(
      `its output "${plan.name}" has the shape ${dims.join(' x ')}; it must begin with the number of pictures and have features behind it. Name another one as "output"`,
    );
  const places = placesOf(dims, plan);
  if (places === undefined) return data;
  if (plan.pooling === 'cls' && dims.length !== 3)
    throw new Error(`"pooling" is cls, but the output "${plan.name}" has no tokens (${dims.join(' x ')})`);
  if (dims.length === 3 && plan.pooling === 'cls') return data.slice(0, places.depth);
  return averages(data, places);
}

/** Places and features of a picture; undefined when there is one place only. */
function placesOf(dims: readonly number[], { name, channelsLast, pooling }: OutputPlan) {
  const [, first = 1, second = 1, third = 1] = dims;
  if (dims.length === 2 || dims.slice(2).every((size) => size === 1)) return undefined;
  if (dims.length === 4) {
    return channelsLast
      ? { places: first * second, depth: third, interleaved: true }
      : { places: second * third, depth: first, interleaved: false };
  }
  if (dims.length !== 3)
    throw new Error(`its output "${name}" has the shape ${dims.join(' x ')}; name one with 2, 3 or 4 axes as "output"`);
  if (pooling === undefined)
    throw new Error(
      `its output "${name}" holds tokens (${dims.join(' x ')}); say "pooling": "cls" for the first one or "mean" for all`,
    );
  return { places: first, depth: second, interleaved: true };
}

interface Places {
  places: number;
  depth: number;
  /** Whether the features of a place lie side by side. */
  interleaved: boolean;
}

function averages(data: Float32Array, { places, depth, interleaved }: Places): Float32Array {
  const features = new Float32Array(depth);
  const [step, stride] = interleaved ? [depth, 1] : [1, places];
  for (let i = 0; i < depth; i += 1) {
    let at = i * stride;
    let sum = 0;
    for (let place = 0; place < places; place += 1, at += step) sum += data[at] ?? 0;
    features[i] = sum / places;
  }
  return features;
}

/**
 * A map of one picture, n × d × h × w with n = 1.
 *
 * @throws {Error} when the output is something else
 */
export function mapOf(
  tensor: Tensor | undefined,
  { name, channelsLast }: { name: string; channelsLast: boolean },
): FeatureMap {
  const data = floatsOf(tensor, name);
  const dims = tensor?.dims ?? [];
  const [count, channels = 0, rows = 0, columns = 0] = dims;
  if (dims.length !== 4 || count !== 1 || channelsLast) {
    throw new Error(`its output "${name}" has the shape ${dims.join(' x ')}; a map must be n x d x h x w`);
  }
  return { data, channels, rows, columns };
}

function floatsOf(tensor: Tensor | undefined, name: string): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  if (tensor?.data instanceof Float16Array) return Float32Array.from(tensor.data);
  throw new Error(`its output "${name}" holds ${tensor?.type ?? 'nothing'}; features must be float32 or float16`);
}
