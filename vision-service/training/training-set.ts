import type { ViewName } from '../backbones/views.ts';
import type { Kernels } from '../heads/kernels.ts';
import type { LinearHead } from '../heads/linear-head.ts';
import { meanRow, pickRows, type Rows, stackRows } from '../heads/rows.ts';
import { unitRows } from '../heads/transform.ts';
import type { ViewedSamples } from './cross-validation.ts';
import { rowSpaceOf } from './row-space.ts';

/** Gives way to other work, and throws to stop. */
export type Pause = () => Promise<void>;

/** The images cannot be seen another way; the message says why. */
export class ViewsUnavailable extends Error {
  override readonly name = 'ViewsUnavailable';
}

/** Features of the training images in one of their views, in the images' order; `pause` is awaited between parts. Throws ViewsUnavailable. */
export type ViewSource = (view: ViewName, pause: Pause) => Promise<readonly Float32Array[]>;

export interface TrainingSetParts {
  features: readonly Float32Array[];
  labels: readonly number[];
  classes: number;
  cubeRoot: boolean;
  views: ViewSource | undefined;
  kernels: Kernels;
}

/** Images, with some of their views, ready to train on. */
export interface Space {
  samples: ViewedSamples;
  /** Mean of the rows in the original coordinates. */
  mean: Float64Array;
  /** Takes a head on these samples to the original coordinates. */
  lift: (head: LinearHead) => LinearHead;
}

/** The training images as unit-length features; their views are embedded when they are first asked for. */
export class TrainingSet {
  readonly #parts: TrainingSetParts;
  readonly #units: Rows;
  readonly #views = new Map<ViewName, Rows>();
  readonly #spaces = new Map<string, Space>();

  constructor(parts: TrainingSetParts) {
    this.#parts = parts;
    this.#units = unitRows(parts.features, parts.cubeRoot);
  }

  get images(): number {
    return this.#units.count;
  }

  /** Length of a feature. */
  get dimensions(): number {
    return this.#units.length;
  }

  /**
   * The images at those positions (some, always the same, or all) and their views.
   *
   * @throws what `pause` throws
   */
  async space(views: readonly ViewName[], positions: readonly number[], pause: Pause): Promise<Space> {
    const key = `${positions.length} ${views.join()}`;
    for (const view of views) await this.#embed(view, pause);
    const space = this.#spaces.get(key) ?? (await this.#makeSpace(views, positions));
    this.#spaces.set(key, space);
    return space;
  }

  async #makeSpace(views: readonly ViewName[], positions: readonly number[]): Promise<Space> {
    const { labels, classes, kernels } = this.#parts;
    const blocks = [this.#units, ...views.flatMap((view) => this.#views.get(view) ?? [])];
    const whole = positions.length === this.images;
    const rows = stackRows(whole ? blocks : blocks.map((block) => pickRows(block, positions)));
    const space = await rowSpaceOf(rows, kernels);
    const samples = {
      rows: space.rows,
      labels: blocks.flatMap(() => positions.map((position) => labels[position] ?? -1)),
      classes,
      images: blocks.flatMap(() => [...positions.keys()]),
    };
    return { samples, mean: meanRow(rows), lift: space.lift };
  }

  async #embed(view: ViewName, pause: Pause): Promise<void> {
    const { views, cubeRoot } = this.#parts;
    if (this.#views.has(view)) return;
    if (views === undefined) throw new Error(`There is no way to the ${view} images`);
    this.#views.set(view, unitRows(await views(view, pause), cubeRoot));
  }
}
