import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeGraph, type GraphDefinition } from './onnx-graph.ts';
import type { Vector } from './vectors.ts';

/** A matrix of 32-bit floats, row by row, ready for the kernels. */
export interface FloatMatrix {
  tensor: Tensor;
  rows: number;
  columns: number;
}

/** Feature rows with what is known of each. */
export interface LabelledRows {
  x: FloatMatrix;
  /** One row an image: 1 at its class, 0 elsewhere. */
  targets: FloatMatrix;
  /** One column: the weight of each image; they sum to 1. */
  shares: FloatMatrix;
}

/** Rows × rowsᵀ. */
const INNER_PRODUCTS: GraphDefinition = {
  name: 'inner-products',
  inputs: ['x'],
  outputs: ['products'],
  nodes: [{ operator: 'Gemm', inputs: ['x', 'x'], output: 'products', attributes: { transB: 1 } }],
};

/** Cross-entropy of softmax(x wᵀ + b) against one-hot targets, rows weighted by their shares, and its gradients. */
const CROSS_ENTROPY: GraphDefinition = {
  name: 'cross-entropy',
  inputs: ['x', 'targets', 'shares', 'weights', 'biases'],
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
    { operator: 'Gemm', inputs: ['residuals', 'x'], output: 'weightSlope', attributes: { transA: 1 } },
    { operator: 'ReduceSum', inputs: ['residuals'], output: 'biasSlope', attributes: { axes: [0], keepdims: 0 } },
  ],
};

/**
 * The two computations that training spends its time in, run by onnxruntime: several times faster than loops in JavaScript.
 * One thread, so that sums come out the same on every machine with the same instruction set.
 */
export class Kernels {
  readonly #innerProducts: InferenceSession;
  readonly #crossEntropy: InferenceSession;

  private constructor(innerProducts: InferenceSession, crossEntropy: InferenceSession) {
    this.#innerProducts = innerProducts;
    this.#crossEntropy = crossEntropy;
  }

  static async open(): Promise<Kernels> {
    const [innerProducts, crossEntropy] = await Promise.all([INNER_PRODUCTS, CROSS_ENTROPY].map(openGraph));
    if (innerProducts === undefined || crossEntropy === undefined) throw new Error('The kernels could not be opened');
    return new Kernels(innerProducts, crossEntropy);
  }

  /** Inner products of all rows, row by row. */
  async innerProducts(x: FloatMatrix): Promise<Float32Array> {
    const { products } = await this.#innerProducts.run({ x: x.tensor });
    return floatsOf(products);
  }

  /**
   * Weighted sum of the negative log-likelihoods (nats) of the classes under softmax(x wᵀ + b), with its gradients.
   */
  async crossEntropy({ x, targets, shares }: LabelledRows, head: { weights: FloatMatrix; biases: Float32Array }) {
    const biases = new Tensor('float32', head.biases, [head.biases.length]);
    const feeds = { x: x.tensor, targets: targets.tensor, shares: shares.tensor, weights: head.weights.tensor, biases };
    const { gain, weightSlope, biasSlope } = await this.#crossEntropy.run(feeds);
    return { loss: -(floatsOf(gain)[0] ?? 0), weightSlope: floatsOf(weightSlope), biasSlope: floatsOf(biasSlope) };
  }

  async close(): Promise<void> {
    await Promise.all([this.#innerProducts.release(), this.#crossEntropy.release()]);
  }
}

/** A matrix over those numbers, not a copy: changing them changes it. */
export function matrixOver(data: Float32Array, rows: number, columns: number): FloatMatrix {
  return { tensor: new Tensor('float32', data, [rows, columns]), rows, columns };
}

/** A matrix of rows of equal length. */
export function matrixOf(rows: readonly Vector[]): FloatMatrix {
  const columns = rows[0]?.length ?? 0;
  const data = new Float32Array(rows.length * columns);
  for (const [i, row] of rows.entries()) data.set(row, i * columns);
  return matrixOver(data, rows.length, columns);
}

function openGraph(graph: GraphDefinition): Promise<InferenceSession> {
  return InferenceSession.create(encodeGraph(graph), { intraOpNumThreads: 1, interOpNumThreads: 1 });
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor === undefined || !(tensor.data instanceof Float32Array)) throw new Error('A kernel gave no 32-bit floats');
  return tensor.data;
}
