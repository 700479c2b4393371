import { randomNumbers } from '../loop/random.ts';
import { quantile, type RunScore, type Scores, scoresOf } from './scores.ts';

const RESAMPLES = 1000;
const SEED = 1;
const TAIL = 0.025;

/** 95 % interval of each score; NaN where a score has no value. */
export type Intervals = Record<keyof Scores, [number, number]>;

/**
 * 95 % intervals by resampling data sets: curves of one data set rise and fall together, so whole data sets are drawn with replacement,
 * a thousand times, and scored anew. Draws without a value of a score (no claim, say) are left out of its interval.
 */
export function intervalsOf(runs: readonly RunScore[]): Intervals {
  const datasets = [...Map.groupBy(runs, ({ dataset }) => dataset).values()];
  const random = randomNumbers(SEED);
  const drawn = Array.from({ length: RESAMPLES }, () =>
    scoresOf(datasets.flatMap(() => datasets[Math.floor(random() * datasets.length)] ?? [])),
  );
  const interval = (score: keyof Scores): [number, number] => {
    const values = drawn.map((scores) => scores[score]).filter((value) => !Number.isNaN(value));
    return [quantile(values, TAIL), quantile(values, 1 - TAIL)];
  };
  const names = Object.keys(scoresOf(runs)) as (keyof Scores)[];
  return Object.fromEntries(names.map((name) => [name, interval(name)])) as Intervals;
}
