import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { claimFolder } from '../client/loop-identity.ts';
import { startWorkflow } from '../client/start-workflow.ts';
import { dataConverter } from '../codec/data-converter.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { LoopSpecSchema } from '../loop/spec.ts';
import { imageFolder } from '../test/support/images.ts';
import type { Ground } from './ground.ts';
import { bytesOf, eventsOf, roundsOf, roundTimes, scheduled } from './histories.ts';
import { steadySpec } from './steady-spec.ts';
import { type StubService, startStubService } from './stub-service.ts';
import { median, type Row } from './table.ts';
import { startWorkerProcess } from './worker-process.ts';

const ROUNDS = 16;
/** Rounds at the beginning of each run that are not counted: code is compiled and caches fill. */
const WARM_UP = 3;
/** Runs of each kind, in turns, so that both see the same load. */
const PAIRS = 3;
const CLASSES = ['red', 'green'];

/** What payload encryption costs a round: time and history, against the same loop without. */
export async function measureEncryption(ground: Ground): Promise<Row[]> {
  const stub = await startStubService(CLASSES);
  const key = `bench:${randomBytes(32).toString('base64')}`;
  const sources = join(ground.home, 'sources/encryption');
  const pool = await imageFolder(join(sources, 'pool'), { classes: CLASSES, perClass: 2 * ROUNDS, firstSeed: 1 });
  const evaluation = await imageFolder(join(sources, 'evaluation'), { classes: CLASSES, perClass: 5, firstSeed: 900 });
  try {
    const plain: Run[] = [];
    const encrypted: Run[] = [];
    for (let n = 1; n <= PAIRS; n += 1) {
      ground.say(`Encryption: ${ROUNDS} rounds in the clear, then encrypted (${n} of ${PAIRS})`);
      plain.push(await run(ground, stub, { name: `bench-clear-${n}`, pool, evaluation, env: {} }));
      const env = { DELTALOOP_ENCRYPTION_KEYS: key };
      encrypted.push(await run(ground, stub, { name: `bench-encrypted-${n}`, pool, evaluation, env }));
    }
    return rowsOf(plain, encrypted);
  } finally {
    await stub.close();
  }
}

interface Run {
  ms: number[];
  bytes: number[];
}

interface Wanted {
  name: string;
  pool: string;
  evaluation: string;
  env: NodeJS.ProcessEnv;
}

async function run(ground: Ground, stub: StubService, { name, pool, evaluation, env }: Wanted): Promise<Run> {
  const { connection, options } = ground.client;
  const client = new Client({ connection, namespace: options.namespace, dataConverter: dataConverter(env) });
  const worker = await startWorkerProcess(ground, stub, { name, taskQueue: name, env });
  try {
    const spec = LoopSpecSchema.parse(steadySpec({ name, pool, evaluation, rounds: ROUNDS }));
    const identity = await claimFolder(LoopFolder.at(ground.home, name), spec);
    await startWorkflow({ client, home: ground.home, taskQueue: name }, { spec, identity });
    await client.workflow.getHandle(name).result();
  } finally {
    await worker.stop();
  }
  const events = await eventsOf(client, name);
  return {
    ms: roundTimes(events, (event) => scheduled(event) === 'collectImages').slice(WARM_UP),
    bytes: roundsOf(events, 'collectImages').slice(WARM_UP).map(bytesOf),
  };
}

function rowsOf(plain: readonly Run[], encrypted: readonly Run[]): Row[] {
  const of = (runs: readonly Run[], key: keyof Run) => median(runs.flatMap((each) => each[key]));
  const [clearMs, codedMs] = [of(plain, 'ms'), of(encrypted, 'ms')];
  const [clearBytes, codedBytes] = [of(plain, 'bytes'), of(encrypted, 'bytes')];
  return [
    {
      measure: `round with payload encryption against one without, medians of ${encrypted.flatMap(({ ms }) => ms).length} rounds`,
      value: `${(codedMs / clearMs).toFixed(2)}× (${codedMs.toFixed(0)} ms against ${clearMs.toFixed(0)} ms)`,
    },
    {
      measure: '… its history',
      value: `${(codedBytes / clearBytes).toFixed(2)}× (${(codedBytes / 1024).toFixed(1)} KiB against ${(clearBytes / 1024).toFixed(1)} KiB)`,
    },
  ];
}
