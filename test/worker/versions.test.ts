import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ensureTemporalBinary } from '../../dev/temporal-binary.ts';
import { pause, progress, resume } from '../../workflows/messages.ts';
import { createRig, type LoopHandle, type Rig, start } from '../support/rig.ts';
import { imageSources } from '../support/sources.ts';
import { smallSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';
import { realWorker } from './real-worker.ts';

const DEPLOYMENT = 'deltaloop';
const taskQueue = 'versions';
let rig: Rig;
let temporal: string;

beforeAll(async () => {
  rig = await createRig();
  temporal = await ensureTemporalBinary({ say: () => undefined, env: process.env });
});
afterAll(() => rig.teardown());

function worker(build: string) {
  return realWorker(rig, {
    DELTALOOP_TASK_QUEUE: taskQueue,
    DELTALOOP_DEPLOYMENT_NAME: DEPLOYMENT,
    DELTALOOP_BUILD_ID: build,
  });
}

/** As the page on upgrading says; again while the server has not heard of the version yet. */
async function makeCurrent(build: string): Promise<void> {
  const command = ['worker', 'deployment', 'set-current-version', '--yes', '--address', rig.env.address];
  const version = ['--deployment-name', DEPLOYMENT, '--build-id', build];
  for (let tries = 1; ; tries += 1) {
    try {
      await promisify(execFile)(temporal, [...command, ...version]);
      return;
    } catch (error) {
      if (tries === 20) throw error;
    }
  }
}

/** Builds that steps of the workflow's own were done by, in order, each as often as it took over. */
async function buildsOf(loop: string): Promise<(string | null | undefined)[]> {
  const { events } = await rig.env.client.workflow.getHandle(loop).fetchHistory();
  const done = events?.flatMap(({ workflowTaskCompletedEventAttributes: task }) => (task ? [task] : [])) ?? [];
  const builds = done.map((task) => task.deploymentVersion?.buildId ?? task.workerDeploymentVersion);
  return builds.filter((build, at) => at === 0 || build !== builds[at - 1]);
}

async function held(handle: LoopHandle, round: number): Promise<void> {
  await until(handle, (view) => view.round === round);
  await handle.executeUpdate(pause, { args: [{ by: 'a person' }] });
  await until(handle, ({ phase }) => phase === 'paused');
}

it('a loop that one build started goes on with the next once that is current, and with the first when that is again', async () => {
  const sources = await imageSources(rig, { pool: 20, evaluation: 10 });
  const first = await worker('a');
  await makeCurrent('a');
  const { handle } = await start(rig, {
    taskQueue,
    spec: smallSpec('outlives-a-build', sources, { patience: 9, caps: { rounds: 3 } }),
  });
  await held(handle, 1);
  const second = await worker('b');
  await makeCurrent('b');
  await first.stop();
  await handle.executeUpdate(resume, { args: [{ by: 'a person' }] });
  await held(handle, 2);
  // A version that nobody runs cannot be made current: going back begins with its workers, too.
  const again = await worker('a');
  await makeCurrent('a');
  await second.stop();
  await handle.executeUpdate(resume, { args: [{ by: 'a person' }] });
  await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 3 });
  expect(await buildsOf('outlives-a-build')).toEqual(['a', 'b', 'a']);
  await expect(handle.query(progress)).resolves.toMatchObject({ phase: 'done' });
  await again.stop();
});
