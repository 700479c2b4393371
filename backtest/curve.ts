import { isotonic } from './isotonic.ts';

/** A measured point: training images, all classes together, and the metric there, 0–1. */
export interface MeasuredPoint {
  images: number;
  metric: number;
}

/** What a simulation takes for the truth: a learning curve that never falls, known from its first point to its last. */
export interface Curve {
  id: string;
  /** The unit of resampling: curves of one data set are not independent. */
  dataset: string;
  /** Images of the first round. */
  start: number;
  /** Images of the last point; nothing is known beyond it. */
  cap: number;
  /** Points in order of images, metrics non-decreasing. */
  points: MeasuredPoint[];
}

/**
 * Makes the truth of measured points: their isotonic regression.
 * @param measured at least one point, in order of images, no size twice
 */
export function curveOf(named: Pick<Curve, 'id' | 'dataset' | 'start'>, measured: readonly MeasuredPoint[]): Curve {
  const smooth = isotonic(measured.map(({ metric }) => metric));
  const points = measured.map(({ images, metric }, at) => ({ images, metric: smooth[at] ?? metric }));
  return { ...named, cap: points.at(-1)?.images ?? named.start, points };
}

/** The true metric (0–1) at so many images. */
export function metricAt({ points }: Curve, images: number): number {
  return metricBetween(points, images);
}

/** The metric (0–1) at so many images: linear in ln n between points in order of images, level outside of them; NaN of none. */
export function metricBetween(points: readonly MeasuredPoint[], images: number): number {
  const after = points.findIndex((point) => point.images >= images);
  const high = points[after] ?? points.at(-1);
  const low = points[after - 1] ?? high;
  if (!high || !low) return Number.NaN;
  // Beyond the last point there is no point after.
  if (after <= 0 || high.images === images) return high.metric;
  const part = Math.log(images / low.images) / Math.log(high.images / low.images);
  return low.metric + part * (high.metric - low.metric);
}

/** The fewest images, a fraction of one allowed, with which the curve reaches `metric` (0–1); null where it never does. */
export function imagesFor({ points }: Curve, metric: number): number | null {
  const after = points.findIndex((point) => point.metric >= metric);
  const high = points[after];
  if (!high) return null;
  const low = points[after - 1];
  if (!low) return high.images;
  const part = (metric - low.metric) / (high.metric - low.metric);
  return low.images * (high.images / low.images) ** part;
}
