import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeGraph, type GraphDefinition } from './onnx-graph.ts';
import type { Rows } from './rows.ts';

/** Feature rows with what is known of each. */
export interface LabelledRows {
  x: Rows;
  /** The same numbers by columns: a copy, which makes the gradient almost three times as fast. */
  columns: Rows;
  /** One row an image: 1 at its class, 0 elsewhere. */
  targets: Rows;
  /** One column: the weight of each image; they sum to 1. */
  shares: Rows;
}

/** Weights and biases of a linear head as the kernels take them. */
interface FloatHead {
  weights: Rows;
  biases: Float32Array;
}

/** Rows × rowsᵀ. */
const INNER_PRODUCTS: GraphDefinition = {
  name: 'inner-products',
  inputs: ['x'],
  outputs: ['products'],
  nodes: [{ operator: 'Gemm', inputs: ['x', 'x'], output: 'products', attributes: { transB: 1 } }],
};

/** Rowsᵀ × rows. */
const COLUMN_PRODUCTS: GraphDefinition = {
  name: 'column-products',
  inputs: ['x'],
  outputs: ['products'],
  nodes: [{ operator: 'Gemm', inputs: ['x', 'x'], output: 'products', attributes: { transA: 1 } }],
};

/** x wᵀ + b. */
const SCORES: GraphDefinition = {
  name: 'scores',
  inputs: ['x', 'weights', 'biases'],
  outputs: ['scores'],
  nodes: [{ operator: 'Gemm', inputs: ['x', 'weights', 'biases'], output: 'scores', attributes: { transB: 1 } }],
};

/** Cross-entropy of softmax(x wᵀ + b) against one-hot targets, rows weighted by their shares, and its gradients. */
const CROSS_ENTROPY: GraphDefinition = {
  name: 'cross-entropy',
  inputs: ['x', 'columns', 'targets', 'shares', 'weights', 'biases'],
  outputs: ['gain', 'weightSlope', 'biasSlope'],
  nodes: [
    { operator: 'Gemm', inputs: ['x', 'weights', 'biases'], output: 'logits', attributes: { transB: 1 } },
    { operator: 'LogSoftmax', inputs: ['logits'], output: 'logs', attributes: { axis: 1 } },
    { operator: 'Mul', inputs: ['targets', 'shares'], output: 'weighted' },
    { operator: 'Mul', inputs: ['weighted', 'logs'], output: 'gains' },
    { operator: 'ReduceSum', inputs: ['gains'], output: 'gain', attributes: { axes: [0, 1], keepdims: 0 } },
    { operator: 'Exp', inputs: ['logs'], output: 'probabilities' },
    { operator: 'Sub', inputs: ['probabilities', 'targets'], output: 'errors' },
    { operator: 'Mul', inputs: ['errors', 'shares'], output: 'residuals' },
    { operator: 'Gemm', inputs: ['columns', 'residuals'], output: 'slopeColumns' },
    { operator: 'Transpose', inputs: ['slopeColumns'], output: 'weightSlope', attributes: { perm: [1, 0] } },
    { operator: 'ReduceSum', inputs: ['residuals'], output: 'biasSlope', attributes: { axes: [0], keepdims: 0 } },
  ],
};

/** Rows as columns. */
const TRANSPOSED: GraphDefinition = {
  name: 'transposed',
  inputs: ['x'],
  outputs: ['columns'],
  nodes: [{ operator: 'Transpose', inputs: ['x'], output: 'columns', attributes: { perm: [1, 0] } }],
};

const GRAPHS = {
  innerProducts: INNER_PRODUCTS,
  columnProducts: COLUMN_PRODUCTS,
  scores: SCORES,
  transposed: TRANSPOSED,
  crossEntropy: CROSS_ENTROPY,
};
type Sessions = Record<keyof typeof GRAPHS, InferenceSession>;

/**
 * The computations that training spends its time in, run by onnxruntime: several times faster than loops in JavaScript. One
 * thread: a second one makes them little faster alone, and several times slower on a machine that has other work.
 */
export class Kernels {
  readonly #sessions: Sessions;

  private constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  static async open(): Promise<Kernels> {
    const [innerProducts, columnProducts, scores, transposed, crossEntropy] = await Promise.all([
      openGraph(GRAPHS.innerProducts),
      openGraph(GRAPHS.columnProducts),
      openGraph(GRAPHS.scores),
      openGraph(GRAPHS.transposed),
      openGraph(GRAPHS.crossEntropy),
    ]);
    return new Kernels({ innerProducts, columnProducts, scores, transposed, crossEntropy });
  }

  /** Inner products of all rows, row by row. */
  async innerProducts(x: Rows): Promise<Float32Array> {
    const { products } = await this.#sessions.innerProducts.run({ x: tensorOf(x) });
    return floatsOf(products);
  }

  /** Inner products of all columns, row by row. */
  async columnProducts(x: Rows): Promise<Float32Array> {
    const { products } = await this.#sessions.columnProducts.run({ x: tensorOf(x) });
    return floatsOf(products);
  }

  /** The columns as rows. */
  async transposed(x: Rows): Promise<Rows> {
    const { columns } = await this.#sessions.transposed.run({ x: tensorOf(x) });
    return { data: floatsOf(columns), count: x.length, length: x.count };
  }

  /** Scores x wᵀ + b, one row an image. */
  async scores(x: Rows, head: FloatHead): Promise<Rows> {
    const { scores } = await this.#sessions.scores.run({ x: tensorOf(x), ...headFeeds(head) });
    return { data: floatsOf(scores), count: x.count, length: head.weights.count };
  }

  /**
   * Weighted sum of the negative log-likelihoods (nats) of the classes under softmax(x wᵀ + b), with its gradients.
   */
  async crossEntropy({ x, columns, targets, shares }: LabelledRows, head: FloatHead) {
    const labelled = {
      x: tensorOf(x),
      columns: tensorOf(columns),
      targets: tensorOf(targets),
      shares: tensorOf(shares),
    };
    const outputs = await this.#sessions.crossEntropy.run({ ...labelled, ...headFeeds(head) });
    const { gain, weightSlope, biasSlope } = outputs;
    return { loss: -(floatsOf(gain)[0] ?? 0), weightSlope: floatsOf(weightSlope), biasSlope: floatsOf(biasSlope) };
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#sessions).map((session) => session.release()));
  }
}

/** A tensor over the same numbers, not a copy. */
function tensorOf({ data, count, length }: Rows): Tensor {
  return new Tensor('float32', data, [count, length]);
}

function headFeeds({ weights, biases }: FloatHead): { weights: Tensor; biases: Tensor } {
  return { weights: tensorOf(weights), biases: new Tensor('float32', biases, [biases.length]) };
}

function openGraph(graph: GraphDefinition): Promise<InferenceSession> {
  return InferenceSession.create(encodeGraph(graph), { intraOpNumThreads: 1, interOpNumThreads: 1 });
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor === undefined || !(tensor.data instanceof Float32Array)) throw new Error('A kernel gave no 32-bit floats');
  return tensor.data;
}
