import { meanRow, type Rows, rowsOf } from '../vision-service/heads/rows.ts';
import { centredRows, unitRows } from '../vision-service/heads/transform.ts';

/** Every channel less its mean over the training images, divided by their deviation. */
export function zScored(train: readonly Float32Array[], test: readonly Float32Array[]): [Rows, Rows] {
  const rows = rowsOf(train);
  const mean = meanRow(rows);
  const squares = meanRow({ ...rows, data: rows.data.map((value, i) => (value - (mean[i % rows.length] ?? 0)) ** 2) });
  const scaled = (features: readonly Float32Array[]) =>
    rowsOf(
      features.map((feature) =>
        feature.map((value, j) => (value - (mean[j] ?? 0)) / Math.sqrt(Math.max(squares[j] ?? 0, 1e-12))),
      ),
    );
  return [scaled(train), scaled(test)];
}

/** As the service sees features: root, unit length, centred, unit length. */
export function unitLength(train: readonly Float32Array[], test: readonly Float32Array[]): [Rows, Rows] {
  const [units, testUnits] = [unitRows(train, true), unitRows(test, true)];
  const mean = meanRow(units);
  const all = ({ count }: Rows) => [...Array(count).keys()];
  return [centredRows(units, all(units), mean), centredRows(testUnits, all(testUnits), mean)];
}
