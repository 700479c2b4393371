import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { allCoverage, type Coverage } from '../backtest/coverage.ts';
import type { Curve } from '../backtest/curve.ts';
import { intervalsOf } from '../backtest/intervals.ts';
import type { Measuring } from '../backtest/run.ts';
import { type RunScore, scoresOf } from '../backtest/scores.ts';
import type { Strategy } from '../backtest/strategy.ts';
import type { PolicyScores } from '../backtest/table.ts';

const MOST_THREADS = 2;
const CURVES_A_JOB = 10;

/** What every measuring thread is given at its start. */
export interface MeasureWork {
  curves: Curve[];
  measuring: Measuring;
}

/** One policy, or (null) the forecast's ranges, on the curves from `from` up to, not with, `to`. */
export interface MeasureJob {
  policy: string | null;
  from: number;
  to: number;
}

/** What came of a job: runs of a policy, or how the ranges held. */
export interface MeasureAnswer {
  runs: RunScore[];
  coverage: Coverage | null;
}

/** All that is measured; no coverage where the forecast is not among the policies. */
interface Measured {
  rows: PolicyScores[];
  coverage: Coverage | null;
}

/** How far measuring is: this policy, or (null) the ranges, on so many of all curves. */
export interface MeasureProgress {
  policy: string | null;
  curves: number;
  of: number;
}

/**
 * Measures policies on curves, and the ranges of the forecast, in two threads; the result is the same however the work falls to them.
 * @throws what a policy throws
 */
export async function measurePolicies(
  policies: readonly Pick<Strategy, 'name' | 'title'>[],
  work: MeasureWork,
  onProgress: (progress: MeasureProgress) => void,
): Promise<Measured> {
  const names = policies.map(({ name }) => name);
  const asked = names.includes('forecast') ? [...names, null] : names;
  const jobs = asked.flatMap((name) => jobsOf(name, work.curves.length));
  const done = new Map<MeasureJob, MeasureAnswer>();
  const waiting = [...jobs];
  const serve = async (thread: Worker) => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      thread.postMessage(job);
      const [answer] = await once(thread, 'message');
      done.set(job, answer);
      onProgress({ policy: job.policy, curves: job.to, of: work.curves.length });
    }
  };
  const threads = Array.from({ length: Math.min(MOST_THREADS, availableParallelism(), jobs.length) }, () =>
    threadFor(work),
  );
  try {
    await Promise.all(threads.map(serve));
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  const answers = (name: string | null) =>
    jobs.filter(({ policy }) => policy === name).flatMap((job) => done.get(job) ?? []);
  const coverage = answers(null).flatMap((answer) => answer.coverage ?? []);
  return {
    rows: policies.map((policy) =>
      rowOf(
        policy,
        answers(policy.name).flatMap(({ runs }) => runs),
      ),
    ),
    coverage: coverage.length === 0 ? null : allCoverage(coverage),
  };
}

function threadFor(work: MeasureWork): Worker {
  return new Worker(new URL('./measure-thread.ts', import.meta.url), { workerData: work });
}

function jobsOf(policy: string | null, curves: number): MeasureJob[] {
  const starts = Array.from({ length: Math.ceil(curves / CURVES_A_JOB) }, (_, at) => at * CURVES_A_JOB);
  return starts.map((from) => ({ policy, from, to: Math.min(curves, from + CURVES_A_JOB) }));
}

function rowOf({ name, title }: Pick<Strategy, 'name' | 'title'>, runs: RunScore[]): PolicyScores {
  return { policy: name, title, runs: runs.length, scores: scoresOf(runs), intervals: intervalsOf(runs) };
}
