/** One operation of a graph: `outputs = operator(inputs)`. */
interface GraphNode {
  operator: string;
  inputs: readonly string[];
  output: string;
  /** Whole numbers, or lists of them. */
  attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A tensor of fixed 32-bit floats; no shape at all for a single number. */
interface Constant {
  shape: readonly number[];
  data: Float32Array;
}

/** A small computation over 32-bit float tensors. */
export interface GraphDefinition {
  name: string;
  inputs: readonly string[];
  outputs: readonly string[];
  nodes: readonly GraphNode[];
  /** Weights and numbers that belong to the graph, by name. */
  constants?: Readonly<Record<string, Constant>>;
  /** Shapes of inputs and outputs, by name; a word stands for a length that is open. Left open where not given. */
  shapes?: Readonly<Record<string, readonly (number | string)[]>>;
}

const IR_VERSION = 7;
const OPSET = 11;
const FLOAT = 1;
const INT_ATTRIBUTE = 2;
const INTS_ATTRIBUTE = 7;

/**
 * An ONNX model of a graph, so that matrix work runs in onnxruntime's vectorised kernels. Writes just the protocol-buffer
 * fields of onnx.proto (operator set 11) that such graphs need.
 */
export function encodeGraph(graph: GraphDefinition): Uint8Array {
  const body = [
    ...graph.nodes.map((node) => message(1, encodeNode(node))),
    text(2, graph.name),
    ...Object.entries(graph.constants ?? {}).map(([name, constant]) => message(5, encodeConstant(name, constant))),
    ...graph.inputs.map((name) => message(11, floatTensor(name, graph.shapes?.[name]))),
    ...graph.outputs.map((name) => message(12, floatTensor(name, graph.shapes?.[name]))),
  ];
  return Buffer.concat([integer(1, IR_VERSION), message(8, [integer(2, OPSET)]), message(7, body)]);
}

function encodeNode({ operator, inputs, output, attributes = {} }: GraphNode): Buffer[] {
  const encoded = Object.entries(attributes).map(([name, value]) => message(5, encodeAttribute(name, value)));
  return [...inputs.map((name) => text(1, name)), text(2, output), text(4, operator), ...encoded];
}

function encodeAttribute(name: string, value: number | readonly number[]): Buffer[] {
  if (typeof value === 'number') return [text(1, name), integer(3, value), integer(20, INT_ATTRIBUTE)];
  return [text(1, name), ...value.map((entry) => integer(8, entry)), integer(20, INTS_ATTRIBUTE)];
}

function encodeConstant(name: string, { shape, data }: Constant): Buffer[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return [...shape.map((length) => integer(1, length)), integer(2, FLOAT), text(8, name), delimited(9, bytes)];
}

function floatTensor(name: string, shape?: readonly (number | string)[]): Buffer[] {
  const dimensions = shape?.map((length) =>
    message(1, [typeof length === 'number' ? integer(1, length) : text(2, length)]),
  );
  const type = [integer(1, FLOAT), ...(dimensions === undefined ? [] : [message(2, dimensions)])];
  return [text(1, name), message(2, [message(1, type)])];
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

/** Seven bits a byte, the lowest first. */
function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
