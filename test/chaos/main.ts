import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { interruptible } from '../../dev/interrupt.ts';
import { addResult, failedRun, type RunResult, readResults, runLine, summary } from './report.ts';
import { runSeed } from './run.ts';
import { makeSources } from './sources.ts';
import { createStage, type Stage } from './stage.ts';

const USAGE = `npm run chaos -- [--runs N] [--seed S] [--results FILE] [--kept FOLDER] [--keep-all] [--json]
  --runs     how many runs (default 10); run i has the seed S + i
  --seed     the first seed (default 1); a seed alone tells everything that a run does
  --results  appends a line of JSON for every run; seeds that stand there already are not run again, but counted
  --kept     where the evidence of failed runs is kept (default: chaos-failures)
  --keep-all keeps the evidence of runs in which everything was well, too
  --json     prints a line of JSON for every run instead of words
`;
/** A fresh server and database now and then: a series does not get slower. */
const RUNS_PER_STAGE = 50;

interface Options {
  seeds: number[];
  results: string | undefined;
  kept: string;
  keepAll: boolean;
  json: boolean;
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      results: { type: 'string' },
      kept: { type: 'string', default: 'chaos-failures' },
      'keep-all': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const [runs, seed] = [Number(values.runs), Number(values.seed)];
  if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed) || seed < 0) return null;
  const seeds = Array.from({ length: runs }, (_, at) => seed + at);
  return { seeds, results: values.results, kept: resolve(values.kept), keepAll: values['keep-all'], json: values.json };
}

async function main(signal: AbortSignal): Promise<number> {
  const options = readOptions();
  if (!options) {
    process.stderr.write(USAGE);
    return 2;
  }
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
  });
  const known = options.results ? await readResults(options.results) : [];
  const results = known.filter(({ seed }) => options.seeds.includes(seed));
  const left = options.seeds.filter((seed) => !results.some((result) => result.seed === seed));
  while (left.length > 0 && !signal.aborted) {
    results.push(...(await onOneStage(left.splice(0, RUNS_PER_STAGE), options, signal)));
  }
  say(summary(results));
  return results.some(({ problems }) => problems.length > 0) || results.length < options.seeds.length ? 1 : 0;
}

async function onOneStage(seeds: readonly number[], options: Options, signal: AbortSignal): Promise<RunResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'deltaloop-chaos-'));
  const results: RunResult[] = [];
  const interrupted = aborted(signal);
  let stage: Stage | null = null;
  try {
    const sources = await makeSources(join(folder, 'sources'));
    for (const seed of seeds) {
      if (signal.aborted) break;
      stage ??= await createStage(join(folder, `stage-${seed}`), signal);
      // A run that cannot even be made, or is cut off with its stage, is a failed one.
      const run = runSeed({ stage, sources, seed, ...options }).catch((error: unknown) => failedRun(seed, error));
      const result = await Promise.race([run, interrupted]);
      if (result === null) break;
      results.push(result);
      if (options.results) await addResult(options.results, result);
      say(options.json ? JSON.stringify(result) : runLine(result));
      if (result.problems.length === 0) continue;
      // Whatever went wrong must not be met by the next run.
      await stage.close();
      stage = null;
    }
  } finally {
    await stage?.close();
    await rm(folder, { recursive: true, force: true });
  }
  return results;
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((done) => signal.addEventListener('abort', () => done(null), { once: true }));
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

process.exit(await interruptible(main));
