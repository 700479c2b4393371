import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createActivities } from '../../activities/index.ts';
import { copyBatch } from '../../collect/submit.ts';
import { createWorkers } from '../../worker/workers.ts';
import { stop, submitImages } from '../../workflows/messages.ts';
import { imageFolder } from '../support/images.ts';
import { createRig, profiles, type Rig, start } from '../support/rig.ts';
import { until } from '../support/watching.ts';

let rig: Rig;
const taskQueue = 'stopping';

beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.teardown());

it('counts a batch that was taken in while the loop was told to stop at once: its duplicates are no images', async () => {
  const activities = createActivities({ home: rig.home, services: profiles(rig.service), predictConcurrency: 1 });
  const workers = await createWorkers({
    connection: rig.env.nativeConnection,
    namespace: 'default',
    taskQueue,
    workflowBundle: rig.bundle,
    activities: {
      ...activities,
      admitBatch: async (input) => {
        const admitted = await activities.admitBatch(input);
        // The loop hears of the stop, and cancels this step, before it hears that the step is done.
        if (input.sequence === 2) await handle.executeUpdate(stop, { args: [{ now: true, by: 'a tester' }] });
        return admitted;
      },
    },
  });
  const running = Promise.all(workers.map((worker) => worker.run()));
  const classes = ['red', 'green'];
  const { handle, folder } = await start(rig, {
    taskQueue,
    spec: { name: 'counted', classes, collector: { kind: 'people' }, imagesPerClass: 9 },
  });
  await until(handle, ({ phase }) => phase === 'collecting');
  const dir = await imageFolder(join(rig.home, 'batch'), { classes, perClass: 3, firstSeed: 1 });
  const { manifest, counts } = await copyBatch(folder, dir, { classes });
  for (const by of ['ann', 'bob']) await handle.executeUpdate(submitImages, { args: [{ manifest, counts, by }] });
  expect(await handle.result()).toMatchObject({ outcome: 'stopped', unusedImages: 6 });
  for (const worker of workers) worker.shutdown();
  await running;
});
