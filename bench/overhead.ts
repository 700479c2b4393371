import { join } from 'node:path';
import type { LoopSpecInput } from '../loop/spec.ts';
import { imageFolder } from '../test/support/images.ts';
import type { Ground } from './ground.ts';
import { bytesOf, eventsOf, roundsOf, roundTimes, scheduled, stepSizes } from './histories.ts';
import { createInstantVision } from './instant-vision.ts';
import { median, type Row } from './table.ts';

const ROUNDS = 24;
/** Pairs of runs, one of each kind after the other, so that both see the same load. */
const PAIRS = 3;
/** Rounds at the beginning of each run that are not counted: code is compiled and caches fill. */
const WARM_UP = 3;
const CLASSES = ['red', 'green', 'blue'];
const NEW_PER_CLASS = 2;
const EVALUATION_PER_CLASS = 20;
const TASK_QUEUE = 'bench-overhead';

const MOST_RATIO = 1.5;
const MOST_EVENTS = 60;
const MOST_BYTES = 40 * 1024;
const MOST_GROWTH = 0.05;

/** What a round costs beside the vision service: time against a bare workflow, and history. */
export async function measureOverhead(ground: Ground): Promise<Row[]> {
  const sources = join(ground.home, 'sources');
  const pool = await imageFolder(join(sources, 'pool'), {
    classes: CLASSES,
    perClass: ROUNDS * NEW_PER_CLASS,
    firstSeed: 1,
  });
  const evaluation = await imageFolder(join(sources, 'evaluation'), {
    classes: CLASSES,
    perClass: EVALUATION_PER_CLASS,
    firstSeed: 9000,
  });
  const stop = await ground.work(TASK_QUEUE, createInstantVision(CLASSES).client);
  try {
    const runs: Pair[] = [];
    for (let n = 1; n <= PAIRS; n += 1) {
      ground.say(`Overhead: ${ROUNDS} rounds of a loop, then of a bare workflow (${n} of ${PAIRS})`);
      runs.push(await runPair(ground, n, { pool, evaluation }));
    }
    return [...timeRows(runs), ...historyRows(runs[0]?.loop ?? [])];
  } finally {
    await stop();
  }
}

type Events = Awaited<ReturnType<typeof eventsOf>>;

interface Pair {
  loop: Events;
  loopMs: number[];
  bareMs: number[];
}

async function runPair(ground: Ground, n: number, paths: { pool: string; evaluation: string }): Promise<Pair> {
  const name = `bench-overhead-${n}`;
  await ground.start(TASK_QUEUE, specOf(name, paths));
  await ground.finish(name);
  const loop = await eventsOf(ground.client, name);
  const sizes = roundsOf(loop, 'collectImages').map(stepSizes);
  const workflowId = `bench-bare-${n}`;
  await ground.client.workflow.execute('bare', { workflowId, taskQueue: TASK_QUEUE, args: [sizes] });
  const bare = await eventsOf(ground.client, workflowId);
  const steps = bare.filter((event) => scheduled(event) !== undefined);
  const perRound = sizes[0]?.length ?? 1;
  const firsts = new Set(steps.filter((_, i) => i % perRound === 0));
  return {
    loop,
    loopMs: roundTimes(loop, (event) => scheduled(event) === 'collectImages').slice(WARM_UP),
    bareMs: roundTimes(bare, (event) => firsts.has(event)).slice(WARM_UP),
  };
}

function specOf(name: string, { pool, evaluation }: { pool: string; evaluation: string }): LoopSpecInput {
  return {
    name,
    collector: { kind: 'pool', path: pool },
    evaluation: { path: evaluation },
    imagesPerClass: NEW_PER_CLASS,
    delta: { kind: 'fixed', imagesPerClass: NEW_PER_CLASS },
    policy: 'thresholds',
    patience: ROUNDS,
    caps: { rounds: ROUNDS },
  };
}

function timeRows(runs: readonly Pair[]): Row[] {
  const loopMs = median(runs.flatMap((run) => run.loopMs));
  const bareMs = median(runs.flatMap((run) => run.bareMs));
  const steps = stepSizes(roundsOf(runs[0]?.loop ?? [], 'collectImages')[1] ?? []).length;
  const ratio = loopMs / bareMs;
  const rounds = runs.flatMap((run) => run.loopMs).length;
  return [
    {
      measure: `round of a loop against a bare workflow of ${steps} empty activities, median of ${rounds} rounds`,
      value: `${ratio.toFixed(2)}× (${loopMs.toFixed(0)} ms against ${bareMs.toFixed(0)} ms)`,
      target: `≤ ${MOST_RATIO}×`,
      met: ratio <= MOST_RATIO,
    },
  ];
}

function historyRows(events: Events): Row[] {
  const rounds = roundsOf(events, 'collectImages');
  const bytes = rounds.map(bytesOf);
  const most = Math.max(...rounds.map(({ length }) => length));
  const [second = Number.NaN, twentieth = Number.NaN] = [bytes[1], bytes[19]];
  const growth = twentieth / second - 1;
  return [
    {
      measure: 'history of a pool round: events',
      value: String(most),
      target: `≤ ${MOST_EVENTS}`,
      met: most <= MOST_EVENTS,
    },
    {
      measure: 'history of a pool round: bytes, largest round',
      value: `${(Math.max(...bytes) / 1024).toFixed(1)} KiB`,
      target: `≤ ${MOST_BYTES / 1024} KiB`,
      met: Math.max(...bytes) <= MOST_BYTES,
    },
    {
      measure: 'history of round 20 against round 2: events, bytes',
      value: `${rounds[19]?.length} against ${rounds[1]?.length}, ${twentieth} against ${second} (${growth >= 0 ? '+' : '−'}${(Math.abs(growth) * 100).toFixed(1)} %)`,
      target: `within ${MOST_GROWTH * 100} %`,
      met: Math.abs(growth) <= MOST_GROWTH && rounds[19]?.length === rounds[1]?.length,
    },
  ];
}
