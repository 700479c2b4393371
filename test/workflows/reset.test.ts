import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adjust, pause, resume } from '../../workflows/messages.ts';
import { type FaultyProxy, holdTraining } from '../support/proxy.ts';
import { type LoopHandle, type Rig, start } from '../support/rig.ts';
import { billed } from '../support/service-records.ts';
import { type Sources, troubledRig } from '../support/sources.ts';
import { unpredictedSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

const taskQueue = 'reset';
let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ rig, proxy, sources, close } = await troubledRig(taskQueue));
});

afterAll(() => close());

const ROUND_FILES = ['draw', 'coco', 'evaluation-1', 'decision', 'record'];

/** As somebody does in the Temporal UI: the n-th step that was done is done again, and all that follows. */
async function reset(handle: LoopHandle, n: number): Promise<LoopHandle> {
  const done = ((await handle.fetchHistory()).events ?? []).filter(
    (event) => event.workflowTaskCompletedEventAttributes,
  );
  const eventId = done[n]?.eventId;
  if (!eventId) throw new Error(`the history has only ${done.length} steps`);
  const { client } = rig.env;
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: handle.workflowId },
    workflowTaskFinishEventId: eventId,
    requestId: randomUUID(),
    reason: 'a test',
  });
  return client.workflow.getHandle(handle.workflowId) as LoopHandle;
}

describe('a Reset in the Temporal UI of a running loop over a pool', () => {
  // From the very first step on, from within round 1, and from its end.
  it.each([0, 3, 6])(
    'to its step %i, with messages after it, changes no draw, metric or decision, and pays nothing twice',
    async (step) => {
      const name = `again-${step}`;
      const { handle, folder } = await start(rig, {
        taskQueue,
        spec: unpredictedSpec(name, sources, { caps: { rounds: 3, hours: 9 }, patience: 9, training: { hours: 1 } }),
      });
      let release = holdTraining(proxy, `${name}`);
      await until(handle, ({ phase }) => phase === 'training');
      await handle.executeUpdate(pause, { args: [{ by: 'ann' }] });
      release();
      await until(handle, ({ phase, round }) => phase === 'paused' && round === 2);
      await handle.executeUpdate(adjust, { args: [{ set: { target: 0.99, 'caps.images': 60 }, by: 'ann' }] });
      release = holdTraining(proxy, `${name}`);
      await handle.executeUpdate(resume, { args: [{ by: 'bob' }] });
      await until(handle, ({ phase, round }) => phase === 'training' && round === 2);
      const before = await Promise.all(ROUND_FILES.map((file) => folder.readJson(`rounds/1/${file}.json`)));
      const again = await reset(handle, step);
      release();
      const seen = await until(again, ({ phase }) => phase === 'done' || phase === 'needs-attention');
      expect(seen.attention).toBeNull();
      await expect(again.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 3 });
      expect(await Promise.all(ROUND_FILES.map((file) => folder.readJson(`rounds/1/${file}.json`)))).toEqual(before);
      const models = (await billed(rig, name)).map(({ name: model }) => model);
      expect(models.map((model) => model.replace(/-[0-9a-f]{12}-/, ' ')).sort()).toEqual([
        `${name}-r1 1`,
        `${name}-r2 1`,
        `${name}-r3 1`,
      ]);
    },
  );
});
