import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
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

/** One policy on the curves from `from` up to, not with, `to`. */
export interface MeasureJob {
  policy: string;
  from: number;
  to: number;
}

/** How far measuring is: this policy is done on so many of all curves. */
export interface MeasureProgress {
  policy: string;
  curves: number;
  of: number;
}

/**
 * Measures policies on curves, in two threads; the result is the same however the work falls to them.
 * @throws what a policy throws
 */
export async function measurePolicies(
  policies: readonly Pick<Strategy, 'name' | 'title'>[],
  work: MeasureWork,
  onProgress: (progress: MeasureProgress) => void,
): Promise<PolicyScores[]> {
  const jobs = policies.flatMap(({ name }) => jobsOf(name, work.curves.length));
  const done = new Map<MeasureJob, RunScore[]>();
  const waiting = [...jobs];
  const serve = async (thread: Worker) => {
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      thread.postMessage(job);
      const [runs] = await once(thread, 'message');
      done.set(job, runs);
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
  return policies.map((policy) =>
    rowOf(
      policy,
      jobs.filter((job) => job.policy === policy.name).flatMap((job) => done.get(job) ?? []),
    ),
  );
}

function threadFor(work: MeasureWork): Worker {
  return new Worker(new URL('./measure-thread.ts', import.meta.url), { workerData: work });
}

function jobsOf(policy: string, curves: number): MeasureJob[] {
  const starts = Array.from({ length: Math.ceil(curves / CURVES_A_JOB) }, (_, at) => at * CURVES_A_JOB);
  return starts.map((from) => ({ policy, from, to: Math.min(curves, from + CURVES_A_JOB) }));
}

function rowOf({ name, title }: Pick<Strategy, 'name' | 'title'>, runs: RunScore[]): PolicyScores {
  return { policy: name, title, runs: runs.length, scores: scoresOf(runs), intervals: intervalsOf(runs) };
}
