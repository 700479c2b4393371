import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { LoopFolder } from '../../data/loop-folder.ts';
import { RoundDrawSchema, RoundRecordSchema, SubsetsFileSchema } from '../../loop/files.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { createRig, type Rig, start } from '../support/rig.ts';
import { billed } from '../support/service-records.ts';
import { imageSources } from '../support/sources.ts';
import { smallSpec } from '../support/specs.ts';

let rig: Rig;
let spec: LoopSpecInput;
let bundlePath: string;
const ROUNDS = 3;
/** A first round of which a quarter and a half are trained too. */
const PARTS = {
  policy: 'forecast',
  forecast: { confidence: 1, giveUp: 0 },
  imagesPerClass: 8,
  caps: { rounds: 1 },
} as const satisfies Partial<LoopSpecInput>;

beforeAll(async () => {
  rig = await createRig();
  const sources = await imageSources(rig, { pool: 20, evaluation: 10 });
  spec = smallSpec('reference', sources, { patience: 9, caps: { rounds: ROUNDS } });
  bundlePath = join(rig.home, 'bundle.js');
  if (!('code' in rig.bundle)) throw new Error('the bundle was not made in memory');
  await writeFile(bundlePath, rig.bundle.code);
});

afterAll(() => rig.teardown());

function worker(taskQueue: string, dieAt: string): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(new URL('./mortal-worker.ts', import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      TEMPORAL_ADDRESS: rig.env.address,
      DELTALOOP_HOME: rig.home,
      DELTALOOP_TASK_QUEUE: taskQueue,
      DELTALOOP_VISION_URL: rig.service.url,
      DELTALOOP_VISION_KEY: rig.service.key,
      DELTALOOP_WORKFLOW_BUNDLE: bundlePath,
      DIE_AT: dieAt,
      DIE_MARK: join(rig.home, `${taskQueue}.died`),
    },
  });
}

const nameOf = (dieAt: string) => dieAt.toLowerCase().replace(':', '-');

/** Runs a loop whose first worker dies at a moment, and whose second one brings it to its end. */
async function killedAt(dieAt: string, loop: LoopSpecInput) {
  const { handle, folder } = await start(rig, { spec: loop, taskQueue: loop.name });
  const [, signal] = await once(worker(loop.name, dieAt), 'exit');
  const successor = worker(loop.name, dieAt);
  const result = await handle.result();
  successor.kill('SIGTERM');
  await once(successor, 'exit');
  return { result, folder, signal };
}

/** What a loop did, without what differs between two loops of one spec (names, instants). */
async function traces(folder: LoopFolder) {
  const rounds = Array.from({ length: ROUNDS }, (_, i) => i + 1);
  return Promise.all(
    rounds.map(async (n) => {
      const draw = await folder.readRecord(`rounds/${n}/draw.json`, RoundDrawSchema);
      const record = await folder.readRecord(`rounds/${n}/record.json`, RoundRecordSchema);
      return { drawn: draw?.images.map(({ sha256 }) => sha256), metric: record?.metric, decision: record?.decision };
    }),
  );
}

describe('a worker killed with SIGKILL', () => {
  let undisturbed: Awaited<ReturnType<typeof traces>>;

  beforeAll(async () => {
    const stop = await rig.work('undisturbed');
    const { handle, folder } = await start(rig, { spec, taskQueue: 'undisturbed' });
    await handle.result();
    undisturbed = await traces(folder);
    await stop();
  });

  const MOMENTS = [
    'collectImages:before',
    'collectImages:after',
    'startTraining:after',
    'awaitTraining:before',
    'predictEvaluationSet:after',
    'decideRound:before',
    'decideRound:after',
    'finishLoop:after',
  ];

  for (const dieAt of MOMENTS) {
    it.concurrent(`at ${dieAt} changes nothing of what the loop does, and no training is paid twice`, async ({
      expect,
    }) => {
      const name = nameOf(dieAt);
      const { result, folder, signal } = await killedAt(dieAt, { ...spec, name });
      expect(signal).toBe('SIGKILL');
      expect(result).toMatchObject({ outcome: 'round-limit', rounds: ROUNDS });
      expect(await traces(folder)).toEqual(undisturbed);
      const models = await billed(rig, name);
      expect(models.map(({ status }) => status)).toEqual(Array(ROUNDS).fill('succeeded'));
      expect(result.billedMinutes).toBe(models.reduce((sum, { minutes }) => sum + minutes, 0));
    });
  }

  for (const dieAt of ['checkTrainingSet:after', 'startTraining:after', 'predictEvaluationSet:after']) {
    it.concurrent(`at ${dieAt} while parts of the first round are trained pays each training once`, async ({
      expect,
    }) => {
      const name = `parts-${nameOf(dieAt)}`;
      const { result, folder, signal } = await killedAt(dieAt, { ...spec, ...PARTS, name });
      expect(signal).toBe('SIGKILL');
      expect(result).toMatchObject({ outcome: 'round-limit', rounds: 1, images: 24 });
      const { points, notes } = SubsetsFileSchema.parse(await folder.readJson('rounds/1/subsets.json'));
      expect([points.map(({ images }) => images), notes]).toEqual([[6, 12], []]);
      const models = await billed(rig, name);
      expect(models.map(({ status }) => status)).toEqual(Array(3).fill('succeeded'));
      expect(result.billedMinutes).toBe(models.reduce((sum, { minutes }) => sum + minutes, 0));
    });
  }
});
