import type { Vector } from './vectors.ts';

/** Labelled feature vectors. */
export interface Samples {
  rows: readonly Vector[];
  /** Index of the class of each row. */
  labels: readonly number[];
  /** Number of classes; a class may have no row. */
  classes: number;
}

/** Rows of each class. */
export function rowsByClass({ rows, labels, classes }: Samples): Vector[][] {
  const groups: Vector[][] = Array.from({ length: classes }, () => []);
  for (const [i, row] of rows.entries()) groups[labels[i] ?? -1]?.push(row);
  return groups;
}

/** The samples at those positions, in that order. */
export function pick(samples: Samples, positions: readonly number[]): Samples {
  const rows = positions.flatMap((i) => samples.rows[i] ?? []);
  return { rows, labels: positions.flatMap((i) => samples.labels[i] ?? []), classes: samples.classes };
}
