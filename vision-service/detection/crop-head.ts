import type { Kernels } from '../heads/kernels.ts';
import { type LinearHead, logits, softmax } from '../heads/linear-head.ts';
import { LogisticRegression } from '../heads/logistic.ts';
import { meanRow, pickRows, type Rows } from '../heads/rows.ts';
import { applyTransform, centredRows, type Transform } from '../heads/transform.ts';

/** What tells the class of a crop from its features: classes, and the background last. */
export interface CropHead {
  transform: Transform;
  head: LinearHead;
}

/** Crops to learn from. */
export interface CropSamples {
  /** Features after the steps of the transform that need no training data. */
  units: Rows;
  cubeRoot: boolean;
  /** What each shows; the label after the last class is the background. */
  labels: readonly number[];
  /** Number of classes without the background. */
  classes: number;
}

/** Multinomial logistic regression of some crops, on features as a classifier sees them; each class weighs the same. */
export class CropRegression {
  readonly #transform: Transform;
  readonly #regression: LogisticRegression;
  #last: LinearHead | undefined;

  private constructor(transform: Transform, regression: LogisticRegression) {
    this.#transform = transform;
    this.#regression = regression;
  }

  /** @param positions of the crops to learn from */
  static async on(
    { units, cubeRoot, labels, classes }: CropSamples,
    positions: readonly number[],
    kernels: Kernels,
  ): Promise<CropRegression> {
    const mean = meanRow(pickRows(units, positions));
    const rows = centredRows(units, positions, mean);
    const chosen = { rows, labels: positions.map((i) => labels[i] ?? classes), classes: classes + 1 };
    const regression = await LogisticRegression.on(chosen, { kernels, asCounted: false });
    return new CropRegression({ cubeRoot, mean }, regression);
  }

  /** The head for a weight of ½|W|² beside the mean cross-entropy; begins from the last one. */
  async fit(lambda: number, pause: () => Promise<void>): Promise<CropHead> {
    this.#last = await this.#regression.fit({ lambda, start: this.#last, pause });
    return { transform: this.#transform, head: this.#last };
  }
}

/** Probabilities of the classes, the background last; they sum to 1. */
export function cropScores({ transform, head }: CropHead, feature: Float32Array): Float32Array {
  return Float32Array.from(softmax(logits(head, applyTransform(transform, feature))));
}
