import { type Curve, curveOf } from '../../backtest/curve.ts';

const SIZES = Array.from({ length: 14 }, (_, step) => Math.round(16 * 2 ** (step / 1.5)));

/** A curve made by a formula: from 16 images on, 0.95 − drop · (n / 16)^−rate. */
function metricBy(drop: number, rate: number): (images: number) => number {
  return (images) => 0.95 - drop * (images / 16) ** -rate;
}

/** A smooth learning curve whose first round has 64 images and whose last point about 6,500. */
export function syntheticCurve(id = 'one', { drop = 0.5, rate = 0.4, dataset = id } = {}): Curve {
  const metric = metricBy(drop, rate);
  return curveOf(
    { id, dataset, start: 64 },
    SIZES.map((images) => ({ images, metric: metric(images) })),
  );
}

/** The text of a file of such curves: two of each of three data sets. */
export function syntheticCsv(): string {
  const lines = ['birds', 'leaves', 'signs'].flatMap((dataset, at) =>
    [0.3, 0.5].flatMap((rate) =>
      SIZES.map(
        (images) => `${dataset}/${rate},${dataset},64,${images},${metricBy(0.4 + at / 10, rate)(images).toFixed(4)}`,
      ),
    ),
  );
  return ['curve_id,dataset,n0,n,metric_value', ...lines].join('\n');
}
