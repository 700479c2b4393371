/** The few vector loops that training spends its time in; everything else is written on top of them. */
export type Vector = Float32Array | Float64Array;

/** Inner product; four sums side by side, which is about three times as fast as one. */
export function dot(a: Vector, b: Vector): number {
  const length = a.length;
  const even = length - (length % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let i = 0; i < even; i += 4) {
    s0 += (a[i] ?? 0) * (b[i] ?? 0);
    s1 += (a[i + 1] ?? 0) * (b[i + 1] ?? 0);
    s2 += (a[i + 2] ?? 0) * (b[i + 2] ?? 0);
    s3 += (a[i + 3] ?? 0) * (b[i + 3] ?? 0);
  }
  for (let i = even; i < length; i += 1) s0 += (a[i] ?? 0) * (b[i] ?? 0);
  return s0 + s1 + s2 + s3;
}

/** Adds `factor · source` to `target`, in place. */
export function addScaled(target: Vector, factor: number, source: Vector): void {
  for (let i = 0; i < target.length; i += 1) target[i] = (target[i] ?? 0) + factor * (source[i] ?? 0);
}

/** Euclidean length. */
export function norm(values: Vector): number {
  return Math.sqrt(dot(values, values));
}

/** Divides by the Euclidean length, in place; a vector of length nought stays. */
export function normalise(values: Vector): void {
  const length = norm(values);
  if (length > 0) for (let i = 0; i < values.length; i += 1) values[i] = (values[i] ?? 0) / length;
}

/** Index of the largest value; the lowest one on ties; values that are not numbers never win. */
export function argMax(values: Iterable<number>): number {
  let best = Number.NEGATIVE_INFINITY;
  let index = 0;
  let position = 0;
  for (const value of values) {
    if (value > best) {
      best = value;
      index = position;
    }
    position += 1;
  }
  return index;
}
