import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { claimFolder } from '../client/loop-identity.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { LoopSpecSchema } from '../loop/spec.ts';
import { imageFolder } from '../test/support/images.ts';
import { LOOP_WORKFLOW, type LoopInput } from '../workflows/messages.ts';
import type { Ground } from './ground.ts';
import { eventsOf, scheduled, timeOf } from './histories.ts';
import { type StubService, startStubService } from './stub-service.ts';
import { quantile, type Row } from './table.ts';

const MORTAL = fileURLToPath(new URL('../test/chaos/mortal-worker.ts', import.meta.url));
const TIMES = 7;
/** A step that gives no sign of life for so long is given to another worker, milliseconds. */
const HEARTBEAT_MS = 5000;
const MOST_MS = HEARTBEAT_MS + 5000;
const CLASSES = ['red', 'green'];

/** Where the worker is killed, and the step that comes after. */
const MOMENTS = [
  { doing: 'awaiting', dieAt: 'awaitTraining:before', next: 'decideRound' },
  { doing: 'collecting', dieAt: 'collectImages:before', next: 'checkTrainingSet' },
  { doing: 'deciding', dieAt: 'decideRound:before', next: 'finishLoop' },
] as const;

/** A worker killed with SIGKILL in the middle of a step while another one is up: how long until the loop goes on. */
export async function measureRecovery(ground: Ground): Promise<Row[]> {
  const stub = await startStubService(CLASSES);
  const pool = await imageFolder(join(ground.home, 'sources/recovery'), {
    classes: CLASSES,
    perClass: 3,
    firstSeed: 1,
  });
  try {
    const rows: Row[] = [];
    for (const moment of MOMENTS) {
      const times: number[] = [];
      for (let n = 1; n <= TIMES; n += 1) {
        ground.say(`Recovery: killed while ${moment.doing} (${n} of ${TIMES})`);
        times.push(await recover(ground, stub, { ...moment, n, pool }));
      }
      rows.push(rowOf(moment.doing, times));
    }
    return rows;
  } finally {
    await stub.close();
  }
}

interface Case {
  doing: string;
  dieAt: string;
  next: string;
  n: number;
  pool: string;
}

/** Milliseconds from the death of the worker to the scheduling of the step after the one it died in. */
async function recover(ground: Ground, stub: StubService, { doing, dieAt, next, n, pool }: Case): Promise<number> {
  const name = `bench-recovery-${doing}-${n}`;
  // Either may be given the step, and the first one dies of it; the other one is already up.
  const workers = [0, 1].map(() => mortal(ground, stub, { taskQueue: name, dieAt }));
  const deaths = workers.map(async (worker) => {
    await once(worker, 'exit');
    return Date.now();
  });
  try {
    const handle = await start(ground, name, pool);
    const died = await Promise.race(deaths);
    await handle.result();
    const event = (await eventsOf(ground.client, name)).find((each) => scheduled(each) === next);
    return event ? timeOf(event) - died : Number.NaN;
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(deaths);
  }
}

async function start(ground: Ground, name: string, path: string) {
  const spec = LoopSpecSchema.parse({
    name,
    collector: { kind: 'pool', path },
    policy: 'thresholds',
    caps: { rounds: 1 },
  });
  const { instanceId, specHash } = await claimFolder(LoopFolder.at(ground.home, name), spec);
  const timings = { heartbeatMs: HEARTBEAT_MS, pollMs: 100 };
  const input: LoopInput = { instanceId, spec, specHash, deadline: null, timings };
  return ground.client.workflow.start(LOOP_WORKFLOW, { workflowId: name, taskQueue: name, args: [input] });
}

function mortal(ground: Ground, { url, key }: StubService, of: { taskQueue: string; dieAt: string }): ChildProcess {
  return spawn(process.execPath, [MORTAL], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env['PATH'],
      TEMPORAL_ADDRESS: ground.address,
      DELTALOOP_HOME: ground.home,
      DELTALOOP_TASK_QUEUE: of.taskQueue,
      DELTALOOP_VISION_URL: url,
      DELTALOOP_VISION_KEY: key,
      DELTALOOP_WORKFLOW_BUNDLE: ground.bundlePath,
      DIE_AT: of.dieAt,
      DIE_MARK: join(ground.home, `${of.taskQueue}.died`),
    },
  });
}

function rowOf(doing: string, times: readonly number[]): Row {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const p99 = quantile(times, 0.99);
  return {
    measure: `worker killed while ${doing}, another one up, ${TIMES} times: until the loop’s next step, p50 / p99 (heartbeat timeout ${HEARTBEAT_MS / 1000} s)`,
    value: `${seconds(quantile(times, 0.5))} / ${seconds(p99)}`,
    target: `p99 ≤ ${MOST_MS / 1000} s`,
    met: p99 <= MOST_MS,
  };
}
