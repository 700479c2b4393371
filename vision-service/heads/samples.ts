import { pickRows, type Rows } from './rows.ts';

/** Labelled feature vectors. */
export interface Samples {
  rows: Rows;
  /** Index of the class of each row. */
  labels: readonly number[];
  /** Number of classes; a class may have no row. */
  classes: number;
}

/** The samples at those positions, in that order. */
export function pick(samples: Samples, positions: readonly number[]): Samples {
  const labels = positions.map((i) => samples.labels[i] ?? -1);
  return { rows: pickRows(samples.rows, positions), labels, classes: samples.classes };
}

/** Number of rows of each class. */
export function countsOf({ labels, classes }: Pick<Samples, 'labels' | 'classes'>): number[] {
  const counts = Array.from({ length: classes }, () => 0);
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** Mean of the rows of each class, one row a class; zeros for a class without any. */
export function classMeans(samples: Samples): { means: Rows; counts: number[] } {
  const { rows, labels, classes } = samples;
  const counts = countsOf(samples);
  const sums = new Float64Array(classes * rows.length);
  for (const [i, label] of labels.entries()) {
    const [from, to] = [i * rows.length, label * rows.length];
    for (let j = 0; j < rows.length; j += 1) sums[to + j] = (sums[to + j] ?? 0) + (rows.data[from + j] ?? 0);
  }
  const data = Float32Array.from(sums, (sum, i) => sum / Math.max(counts[Math.floor(i / rows.length)] ?? 0, 1));
  return { means: { data, count: classes, length: rows.length }, counts };
}
