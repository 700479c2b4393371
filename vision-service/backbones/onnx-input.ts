import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { OnnxSettings } from './onnx-settings.ts';

/** What an ONNX model wants to be fed with. */
export interface InputPlan {
  name: string;
  type: 'uint8' | 'float32' | 'float16';
  layout: 'NCHW' | 'NHWC';
  /** 3 colours, or 1 for brightness. */
  depth: 1 | 3;
  channels: 'RGB' | 'BGR';
  /** Pixels. */
  side: number;
  /** Pixels of a part of a picture. */
  cropSide: number;
  /** A byte becomes (byte × scale − mean) / std; one mean and deviation a channel. Bytes stay what they are. */
  scale: number;
  mean: number[];
  std: number[];
}

/** Of models that take any side: the one most image networks were trained on. */
const SIDE = 224;
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/** Rec. 601 luma. */
const LUMA = [0.299, 0.587, 0.114];

/**
 * How to feed a model, from the shape of its one input and the settings.
 *
 * @throws {Error} saying what does not fit and what to do
 */
export function inputPlan(metadata: readonly InferenceSession.ValueMetadata[], settings: OnnxSettings): InputPlan {
  const [input, ...others] = metadata;
  if (input === undefined || others.length > 0) {
    const names = metadata.map(({ name }) => name).join(', ');
    throw new Error(`it has the inputs ${names || '(none)'}; export the model with the image as its only input`);
  }
  if (!input.isTensor || !isReadable(input.type)) {
    const type = input.isTensor ? input.type : 'something other than a tensor';
    throw new Error(`its input "${input.name}" takes ${type}; it must take float32, float16 or uint8`);
  }
  const shape = shapePlan(input.shape, settings);
  return { name: input.name, type: input.type, ...shape, ...normalisation(input.type, shape.depth, settings) };
}

function isReadable(type: string): type is InputPlan['type'] {
  return type === 'float32' || type === 'float16' || type === 'uint8';
}

function shapePlan(shape: readonly (number | string)[], settings: OnnxSettings) {
  if (shape.length !== 0 && shape.length !== 4) {
    throw new Error(
      `its input has the shape ${shape.join(' x ')}; it must be n x 3 x side x side or n x side x side x 3`,
    );
  }
  const layout = settings.layout ?? layoutOf(shape);
  const [batch, first, second, third] = shape;
  const [depth, height, width] = layout === 'NCHW' ? [first, second, third] : [third, first, second];
  if (typeof batch === 'number' && batch !== 1) {
    throw new Error(`its input takes ${batch} pictures at once; export it with 1, or with an open number`);
  }
  if (typeof depth === 'number' && depth !== 3 && depth !== 1) {
    throw new Error(
      `its input ${shape.join(' x ')} has ${depth} channels as ${layout}; there must be 3 or 1. Say "layout" if it is the other one`,
    );
  }
  const one: 1 | 3 = depth === 1 ? 1 : 3;
  return { layout, depth: one, channels: settings.channels ?? 'RGB', ...sidesOf([height, width], settings) } as const;
}

function layoutOf([, first, , last]: readonly (number | string)[]): 'NCHW' | 'NHWC' {
  const couldBeDepth = (size: number | string | undefined) => size === 3 || size === 1;
  return couldBeDepth(last) && !couldBeDepth(first) ? 'NHWC' : 'NCHW';
}

function sidesOf(sides: readonly (number | string | undefined)[], settings: OnnxSettings) {
  const fixed = [...new Set(sides.filter((side) => typeof side === 'number'))];
  const [side, other] = fixed;
  if (other !== undefined) throw new Error(`its input is ${sides.join(' x ')} pixels; it must be a square`);
  for (const name of ['side', 'cropSide'] as const) {
    const asked = settings[name];
    if (side !== undefined && asked !== undefined && side !== asked) {
      throw new Error(`"${name}" is ${asked}, but the model takes ${side} pixels only`);
    }
  }
  const whole = side ?? settings.side ?? SIDE;
  return { side: whole, cropSide: settings.cropSide ?? whole };
}

function normalisation(type: InputPlan['type'], depth: 1 | 3, { scale, mean, std }: OnnxSettings) {
  const perChannel = (values: readonly number[]) =>
    Array.from({ length: depth }, (_, i) => values[i] ?? values[0] ?? 0);
  if (type !== 'uint8') {
    const [middle, spread] = depth === 3 ? [IMAGENET.mean, IMAGENET.std] : [[0], [1]];
    return { scale: scale ?? 1 / 255, mean: perChannel(mean ?? middle), std: perChannel(std ?? spread) };
  }
  if (scale !== undefined || mean !== undefined || std !== undefined) {
    throw new Error('it takes bytes, so "scale", "mean" and "std" cannot be kept; leave them out');
  }
  return { scale: 1, mean: perChannel([0]), std: perChannel([1]) };
}

/** Turns a square of a side in pixels into the model's input: one of the plan's sides, or any for a model that takes any. */
export function inputWriter(plan: InputPlan): (square: Uint8Array, side: number) => Tensor {
  const tables = valueTables(plan);
  return (square, side) => {
    const { type, depth, layout } = plan;
    const data = new ARRAYS[type](side * side * depth);
    fill(data, depth === 3 ? square : brightness(square), { plan, tables });
    return tensorOf(type, data, layout === 'NCHW' ? [1, depth, side, side] : [1, side, side, depth]);
  };
}

/** The runtime's binding (1.30) takes half precision as bits only, but its tensors turn those into a Float16Array. */
function tensorOf(type: InputPlan['type'], data: Values, dims: readonly number[]): Tensor {
  if (!(data instanceof Float16Array)) return new Tensor(type, data, dims);
  const bits = new Tensor('uint16', new Uint16Array(data.buffer), dims);
  return Object.defineProperty(bits, 'type', { value: 'float16' });
}

const ARRAYS = { uint8: Uint8Array, float32: Float32Array, float16: Float16Array };
type Values = Uint8Array | Float32Array | Float16Array;

/** For each channel of the input the value of every byte: a look-up a number instead of arithmetic. */
function valueTables({ scale, mean, std }: InputPlan): Float32Array[] {
  return mean.map((middle, channel) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte * scale - middle) / (std[channel] ?? 1)),
  );
}

function fill(
  to: Values,
  square: Uint8Array,
  { plan, tables }: { plan: InputPlan; tables: readonly Float32Array[] },
): void {
  const { depth, layout, channels, type } = plan;
  if (type === 'uint8' && channels === 'RGB' && layout === 'NHWC') {
    to.set(square);
    return;
  }
  const pixels = square.length / depth;
  const [step, offset] = layout === 'NCHW' ? [1, pixels] : [depth, 1];
  for (const [channel, table] of tables.entries()) {
    const colour = channels === 'BGR' ? depth - 1 - channel : channel;
    let at = channel * offset;
    for (let i = colour; i < square.length; i += depth) {
      to[at] = table[square[i] ?? 0] ?? 0;
      at += step;
    }
  }
}

function brightness(square: Uint8Array): Uint8Array {
  const [red = 0, green = 0, blue = 0] = LUMA;
  return Uint8Array.from({ length: square.length / 3 }, (_, i) =>
    Math.round(red * (square[i * 3] ?? 0) + green * (square[i * 3 + 1] ?? 0) + blue * (square[i * 3 + 2] ?? 0)),
  );
}
