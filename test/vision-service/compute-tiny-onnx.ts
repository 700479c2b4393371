/** Element types of onnx.proto. */
const TYPES = { float32: 1, uint8: 2, int64: 7, float16: 10 };

interface TinyTensor {
  name: string;
  type: keyof typeof TYPES;
  /** Names stand for open sizes. */
  shape: readonly (number | string)[];
}

/** A small ONNX model for tests: typed inputs and outputs, a few nodes, metadata. */
export interface TinyModel {
  inputs: readonly TinyTensor[];
  outputs: readonly TinyTensor[];
  nodes: readonly {
    operator: string;
    inputs: readonly string[];
    outputs: readonly string[];
    /** Whole numbers, or lists of them. */
    attributes?: Readonly<Record<string, number | readonly number[]>>;
  }[];
  metadata?: Readonly<Record<string, string>>;
}

/** The model as the bytes of onnx.proto's ModelProto, operator set 13. */
export function tinyOnnx({ inputs, outputs, nodes, metadata = {} }: TinyModel): Uint8Array {
  const graph = [
    ...nodes.map((node) =>
      message(1, [
        ...node.inputs.map((name) => text(1, name)),
        ...node.outputs.map((name) => text(2, name)),
        text(4, node.operator),
        ...Object.entries(node.attributes ?? {}).map(([name, value]) => message(5, attribute(name, value))),
      ]),
    ),
    text(2, 'tiny'),
    ...inputs.map((tensor) => message(11, valueInfo(tensor))),
    ...outputs.map((tensor) => message(12, valueInfo(tensor))),
  ];
  const properties = Object.entries(metadata).map(([key, value]) => message(14, [text(1, key), text(2, value)]));
  return Buffer.concat([integer(1, 8), message(7, graph), message(8, [integer(2, 13)]), ...properties]);
}

function attribute(name: string, value: number | readonly number[]): Buffer[] {
  if (typeof value === 'number') return [text(1, name), integer(3, value), integer(20, 2)];
  return [text(1, name), ...value.map((entry) => integer(8, entry)), integer(20, 7)];
}

function valueInfo({ name, type, shape }: TinyTensor): Buffer[] {
  const sizes = shape.map((size) => message(1, [typeof size === 'number' ? integer(1, size) : text(2, size)]));
  return [text(1, name), message(2, [message(1, [integer(1, TYPES[type]), message(2, sizes)])])];
}

function integer(field: number, value: number): Buffer {
  return Buffer.from([...varint(field << 3), ...varint(value)]);
}

function text(field: number, value: string): Buffer {
  return delimited(field, Buffer.from(value));
}

function message(field: number, parts: readonly Buffer[]): Buffer {
  return delimited(field, Buffer.concat(parts));
}

function delimited(field: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(content.length)]), content]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
