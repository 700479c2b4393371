/** One operation of a graph: `outputs = operator(inputs)`. */
interface GraphNode {
  operator: string;
  inputs: readonly string[];
  output: string;
  /** Whole numbers, or lists of them. */
  attributes?: Readonly<Record<string, number | readonly number[]>>;
}

/** A small computation over 32-bit float tensors. */
export interface GraphDefinition {
  name: string;
  inputs: readonly string[];
  outputs: readonly string[];
  nodes: readonly GraphNode[];
}

const IR_VERSION = 7;
const OPSET = 11;
const FLOAT = 1;
const INT_ATTRIBUTE = 2;
const INTS_ATTRIBUTE = 7;

/**
 * An ONNX model of a graph, so that matrix work runs in onnxruntime's vectorised kernels. Writes just the protocol-buffer
 * fields of onnx.proto (operator set 11) that such graphs need; tensor shapes are left open.
 */
export function encodeGraph(graph: GraphDefinition): Uint8Array {
  const body = [
    ...graph.nodes.map((node) => message(1, encodeNode(node))),
    text(2, graph.name),
    ...graph.inputs.map((name) => message(11, floatTensor(name))),
    ...graph.outputs.map((name) => message(12, floatTensor(name))),
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

function floatTensor(name: string): Buffer[] {
  return [text(1, name), message(2, [message(1, [integer(1, FLOAT)])])];
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
