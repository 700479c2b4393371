import { parentPort, workerData } from 'node:worker_threads';
import { policiesWith } from '../backtest/policies.ts';
import { runCurve } from '../backtest/run.ts';
import type { MeasureJob, MeasureWork } from './measure-policies.ts';

/** The entry of a measuring thread: runs one policy on some of the curves at a time. */
const { curves, measuring }: MeasureWork = workerData;
const policies = policiesWith({ looks: measuring.looks });

parentPort?.on('message', ({ policy, from, to }: MeasureJob) => {
  const strategy = policies.find(({ name }) => name === policy);
  if (!strategy) throw new RangeError(`there is no policy ${policy}`);
  parentPort?.postMessage(curves.slice(from, to).flatMap((curve) => runCurve(strategy, curve, measuring)));
});
