import { parentPort, workerData } from 'node:worker_threads';
import { allCoverage, coverageOf } from '../backtest/coverage.ts';
import type { Curve } from '../backtest/curve.ts';
import { policiesWith } from '../backtest/policies.ts';
import { runCurve } from '../backtest/run.ts';
import type { MeasureAnswer, MeasureJob, MeasureWork } from './measure-policies.ts';

/** The entry of a measuring thread: runs one policy, or the forecast's ranges, on some of the curves at a time. */
const { curves, measuring }: MeasureWork = workerData;
const policies = policiesWith({ looks: measuring.looks });

parentPort?.on('message', ({ policy, from, to }: MeasureJob) => {
  const some = curves.slice(from, to);
  parentPort?.postMessage(policy === null ? ranges(some) : runs(policy, some));
});

function ranges(some: readonly Curve[]): MeasureAnswer {
  return { runs: [], coverage: allCoverage(some.map((curve) => coverageOf(curve, measuring))) };
}

function runs(policy: string, some: readonly Curve[]): MeasureAnswer {
  const strategy = policies.find(({ name }) => name === policy);
  if (!strategy) throw new RangeError(`there is no policy ${policy}`);
  return { runs: some.flatMap((curve) => runCurve(strategy, curve, measuring)), coverage: null };
}
