import type { Clock } from './pacer.ts';
import type { ViewSource } from './training-set.ts';

/** What `trainClassifier` takes. */
export interface ClassifierRequest {
  /** One vector an image, all of one length. */
  features: readonly Float32Array[];
  /** Index into `classes` of each image. */
  labels: readonly number[];
  classes: readonly string[];
  /** Images of one group are never on both sides of a fold. */
  groups?: readonly string[];
  /** A way to further views of the images; they are not tried if not given. */
  views?: ViewSource | undefined;
  seed: number;
  /** Compute milliseconds after which nothing but the cheapest head is trained. */
  budgetMs: number;
  signal?: AbortSignal;
  /** What the budget is measured with; the wall clock if not given. */
  clock?: Clock;
  /** Called after every recipe tried, with their number so far. */
  onProgress?: (tried: number) => void;
}

/** @throws {TypeError} naming everything that does not fit together */
export function checkRequest({ features, labels, classes, groups }: ClassifierRequest): void {
  const lengths = new Set(features.map((feature) => feature.length));
  const unknown = labels.filter((label) => classes[label] === undefined);
  const problems = [
    features.length === 0 && 'there are no images',
    lengths.size > 1 && `features have different lengths (${[...lengths].join(', ')})`,
    labels.length !== features.length && `${labels.length} labels for ${features.length} images`,
    groups !== undefined &&
      groups.length !== features.length &&
      `${groups.length} groups for ${features.length} images`,
    unknown.length > 0 && `labels ${[...new Set(unknown)].join(', ')} are none of ${classes.length} classes`,
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new TypeError(`A classifier cannot be trained: ${problems.join('; ')}`);
}
