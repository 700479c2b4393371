import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyBatch } from '../../collect/submit.ts';
import { choosePort } from '../../dev/ports.ts';
import { submitImages } from '../../workflows/messages.ts';
import { imageFolder } from '../support/images.ts';
import { createRig, type Rig, type Started, start } from '../support/rig.ts';
import { until } from '../support/watching.ts';
import { type RealWorker, realWorker } from './real-worker.ts';

const taskQueue = 'waiting-loops';
const classes = ['red', 'green', 'blue'];
let rig: Rig;
beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.teardown());

/** A worker, and the series of its page of metrics that begin with a name. */
async function measured(): Promise<{ worker: RealWorker; series: (name: string) => Promise<string[]> }> {
  const port = await choosePort('metrics', 0, () => undefined);
  const worker = await realWorker(rig, { DELTALOOP_TASK_QUEUE: taskQueue, DELTALOOP_METRICS_PORT: String(port) });
  const series = async (name: string) => {
    const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return page.split('\n').filter((line) => line.startsWith(name));
  };
  return { worker, series };
}

async function handIn({ handle, folder }: Started): Promise<void> {
  const dir = await imageFolder(join(rig.home, randomUUID()), { perClass: 2, firstSeed: 1 });
  const { manifest, counts } = await copyBatch(folder, dir, { classes });
  await handle.executeUpdate(submitImages, { args: [{ manifest, counts, by: 'a person' }] });
}

it('a worker that has just started knows the loops that wait, and counts nothing again that it replays', async () => {
  const evaluation = await imageFolder(join(rig.home, 'evaluation'), { perClass: 10, firstSeed: 1000 });
  const first = await measured();
  const loop = await start(rig, {
    taskQueue,
    spec: {
      name: 'waits-for-people',
      classes,
      collector: { kind: 'people' },
      evaluation: { path: evaluation },
      policy: 'thresholds',
      imagesPerClass: 2,
      target: 1,
      claim: 'lower-bound',
      patience: 9,
    },
  });
  await until(loop.handle, ({ phase }) => phase === 'collecting');
  await handIn(loop);
  await until(loop.handle, ({ phase, round }) => phase === 'collecting' && round === 2);
  expect(await first.series('deltaloop_rounds_decided_total')).toHaveLength(1);
  await first.worker.stop();

  const second = await measured();
  // Answering it, the second worker replays the whole loop.
  await until(loop.handle, ({ round }) => round === 2);
  let waiting: string[] = [];
  while (waiting.length < 4) waiting = await second.series('deltaloop_waiting_loops{');
  const by = (state: string) =>
    waiting
      .find((line) => line.includes(`waits_for="${state}"`))
      ?.split(' ')
      .at(-1);
  expect({ people: by('people'), attention: by('attention'), training: by('training') }).toEqual({
    people: '1',
    attention: '0',
    training: '0',
  });
  expect(await second.series('deltaloop_open_loops{')).toEqual([expect.stringMatching(/ 1$/)]);
  expect(await second.series('deltaloop_rounds_decided_total')).toEqual([]);
  expect(await second.series('deltaloop_compute_minutes_spent_total')).toEqual([]);
  await second.worker.stop();
});
