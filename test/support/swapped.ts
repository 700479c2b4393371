import { Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/index.ts';
import { untilSeen } from '../../client/send-update.ts';
import { pause, progress } from '../../workflows/messages.ts';
import { type FaultyProxy, holdTraining } from './proxy.ts';
import { type LoopHandle, profiles, type Rig, type Started, start } from './rig.ts';
import type { Sources } from './sources.ts';
import { unpredictedSpec } from './specs.ts';
import { until } from './watching.ts';

export interface Ground {
  rig: Rig;
  proxy: FaultyProxy;
  sources: Sources;
}

/** A worker for one of a loop's two queues, that is stopped by what it returns: a process has both, but here they go and come apart. */
export async function oneWorker(
  { rig, proxy }: Pick<Ground, 'rig' | 'proxy'>,
  taskQueue: string,
): Promise<() => Promise<void>> {
  const services = profiles({ url: proxy.url, key: rig.service.key });
  const worker = await Worker.create({
    connection: rig.env.nativeConnection,
    namespace: rig.env.namespace ?? 'default',
    taskQueue,
    activities: { ...createActivities({ home: rig.home, services, predictConcurrency: 8 }) },
    ...(taskQueue.endsWith('-waits') ? {} : { workflowBundle: rig.bundle, stickyQueueScheduleToStartTimeout: '1s' }),
  });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
  };
}

const kindsOf = async (handle: LoopHandle) =>
  ((await handle.fetchHistory()).events ?? []).map(({ eventType }) => Number(eventType));
const ACTIVITY_COMPLETED = 12;

/**
 * Brings a loop to where the SDK writes a history that it cannot replay: no worker has the loop, a query waits for one (or not), a
 * message comes, the training ends, and only then there is a worker. Returns the loop and how to stop that worker.
 */
export async function swapped(
  ground: Ground,
  name: string,
  queried: boolean,
): Promise<Started & { told: boolean; close(): Promise<void> }> {
  const { rig, proxy, sources } = ground;
  const stopWaits = await oneWorker(ground, `${name}-waits`);
  const stopFirst = await oneWorker(ground, name);
  const release = holdTraining(proxy, name);
  const started = await start(rig, {
    taskQueue: name,
    spec: unpredictedSpec(name, sources),
    timings: { heartbeatMs: 30_000 },
  });
  const { handle } = started;
  await until(handle, ({ phase, state }) => phase === 'training' && state.includes('Training model'));
  const waiting = async () => (await handle.describe()).raw.pendingActivities?.[0]?.activityType?.name;
  while ((await waiting()) !== 'awaitTraining');
  await stopFirst();
  const before = (await kindsOf(handle)).filter((kind) => kind === ACTIVITY_COMPLETED).length;
  const answers: Promise<unknown>[] = [];
  if (queried) for (let n = 0; n < 4; n += 1) answers.push(handle.query(progress));
  // So long that the server has passed the queries on.
  for (let n = 0; n < 50; n += 1) await handle.describe();
  answers.push(untilSeen(() => handle.executeUpdate(pause, { args: [{ by: 'ann' }] })));
  for (let n = 0; n < 20; n += 1) await handle.describe();
  release();
  while ((await kindsOf(handle)).filter((kind) => kind === ACTIVITY_COMPLETED).length === before);
  const stopSecond = await oneWorker(ground, name);
  const [update] = (await Promise.allSettled(answers)).slice(-1);
  return {
    ...started,
    told: update?.status === 'fulfilled',
    close: async () => {
      await stopSecond();
      await stopWaits();
    },
  };
}
