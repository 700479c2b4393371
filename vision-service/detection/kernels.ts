import { InferenceSession, Tensor } from 'onnxruntime-node';
import { encodeGraph, type GraphDefinition } from '../heads/onnx-graph.ts';
import { HEAD_PARTS, type HeadPart, PLACE_HEAD, PLACE_HEAD_SLOPES, PLACE_ROWS } from './graphs.ts';
import { byPart, type HeadNumbers, type PlaceHead, partShapes } from './place-head.ts';
import { PLACES, type PlaceMaps } from './places.ts';

/** Rows of features, one a place. */
export interface PlaceRows {
  data: Float32Array;
  count: number;
}

/** What a head says of places, one after the other: object 0–1, classes 0–1, and logs of the distances to the four sides. */
export interface PlaceOutputs {
  object: Float32Array;
  classes: Float32Array;
  sides: Float32Array;
}

/** Places with what is true of them; see `PLACE_HEAD_SLOPES`. */
export interface PlaceBatch extends PlaceRows {
  isObject: Float32Array;
  objectShares: Float32Array;
  isClass: Float32Array;
  trueSides: Float32Array;
  shares: Float32Array;
  sideShares: Float32Array;
}

/** Misses of a side beyond a tenth of its log count by their size alone. */
const MOST = new Tensor('float32', [0.1], [1]);
const LEAST = new Tensor('float32', [-0.1], [1]);
const SCALES = new Tensor('float32', [1, 1, 2, 2], [4]);
const NO_REGION = new Tensor('float32', [], [0]);

/** The matrix work of detectors, run by onnxruntime. */
export class DetectionKernels {
  readonly #rows: InferenceSession;
  readonly #head: InferenceSession;
  readonly #slopes: InferenceSession;

  private constructor(rows: InferenceSession, head: InferenceSession, slopes: InferenceSession) {
    this.#rows = rows;
    this.#head = head;
    this.#slopes = slopes;
  }

  static async open({ threads }: { threads: number }): Promise<DetectionKernels> {
    // Threads that wait spin by default, which slows down whatever else runs.
    const open = (graph: GraphDefinition) =>
      InferenceSession.create(encodeGraph(graph), {
        intraOpNumThreads: threads,
        extra: { session: { intra_op: { allow_spinning: '0' } } },
      });
    const [rows, head, slopes] = await Promise.all([open(PLACE_ROWS), open(PLACE_HEAD), open(PLACE_HEAD_SLOPES)]);
    return new DetectionKernels(rows, head, slopes);
  }

  /** Rows of features of all places of a square. */
  async placeRows({ fine, coarse }: PlaceMaps): Promise<PlaceRows> {
    const { rows } = await this.#rows.run({
      fine: new Tensor('float32', fine, [1, fine.length / PLACES ** 2, PLACES, PLACES]),
      coarse: new Tensor('float32', coarse, [1, coarse.length / (PLACES / 2) ** 2, PLACES / 2, PLACES / 2]),
      region: NO_REGION,
      scales: SCALES,
    });
    return { data: floatsOf(rows), count: PLACES ** 2 };
  }

  async outputs(rows: PlaceRows, head: PlaceHead): Promise<PlaceOutputs> {
    const { object, classes, sides } = await this.#head.run({ ...rowsFeed(rows), ...headFeeds(head) });
    return { object: floatsOf(object), classes: floatsOf(classes), sides: floatsOf(sides) };
  }

  /** Gradients of the training loss, part by part. */
  async slopes(batch: PlaceBatch, head: PlaceHead): Promise<HeadNumbers> {
    const column = (data: Float32Array) => new Tensor('float32', data, [batch.count, data.length / batch.count]);
    const results = await this.#slopes.run({
      ...rowsFeed(batch),
      ...headFeeds(head),
      isObject: column(batch.isObject),
      objectShares: column(batch.objectShares),
      isClass: column(batch.isClass),
      trueSides: column(batch.trueSides),
      shares: column(batch.shares),
      sideShares: column(batch.sideShares),
      most: MOST,
      least: LEAST,
    });
    const slopeOf = (part: HeadPart) => floatsOf(results[`${part.slice(0, 1)}Slope${part.slice(1)}`]);
    return byPart(slopeOf);
  }

  async close(): Promise<void> {
    await Promise.all([this.#rows.release(), this.#head.release(), this.#slopes.release()]);
  }
}

function rowsFeed({ data, count }: PlaceRows) {
  return { rows: new Tensor('float32', data, [count, data.length / count]) };
}

function headFeeds({ size, numbers }: PlaceHead): Record<string, Tensor> {
  const shapes = partShapes(size);
  return Object.fromEntries(
    HEAD_PARTS.map((part) => {
      const [rows, columns] = shapes[part];
      return [part, new Tensor('float32', numbers[part], part.startsWith('b') ? [columns] : [rows, columns])];
    }),
  );
}

function floatsOf(tensor: Tensor | undefined): Float32Array {
  if (tensor === undefined || !(tensor.data instanceof Float32Array)) throw new Error('A kernel gave no 32-bit floats');
  return tensor.data;
}
