import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Program, startProgram } from '../support/program.ts';
import { faultyProxy } from '../support/proxy.ts';
import { createRig, profiles, type Rig, start } from '../support/rig.ts';
import { billed } from '../support/service-records.ts';
import { imageSources } from '../support/sources.ts';
import { smallSpec } from '../support/specs.ts';

const KEY = 'a key for tests only';
let rig: Rig;

beforeAll(async () => {
  rig = await createRig();
});
afterAll(() => rig.teardown());

/** The service as a process of its own, on the port it had before. */
function service(home: string, port = '0'): Promise<Program> {
  return startProgram('vision-service', {
    DELTALOOP_HOME: home,
    DELTALOOP_VISION_KEY: KEY,
    DELTALOOP_LOG_LEVEL: 'fatal',
    DELTALOOP_VISION_BACKBONE: 'classical',
    DELTALOOP_VISION_PORT: port,
    DELTALOOP_VISION_ROOTS: rig.home,
  });
}

it('a vision service killed with SIGKILL while it trains, its answer lost, trains once and bills once', async () => {
  const home = join(rig.home, 'other-service');
  const sources = await imageSources(rig, { pool: 40, evaluation: 10 });
  let running = await service(home);
  const { url = '' } = running.ready;
  const proxy = await faultyProxy(url);
  const stop = await rig.work('service-crash', profiles({ url: proxy.url, key: KEY }));
  const killed = Promise.withResolvers<void>();
  let kills = 0;
  proxy.afterwards(({ method, path }) => {
    if (method !== 'PUT' || !path.includes('/models/service-crash-r1') || path.includes('/evaluations/') || kills > 0)
      return false;
    kills += 1;
    running.child.kill('SIGKILL');
    killed.resolve();
    return true;
  });
  const { handle } = await start(rig, {
    taskQueue: 'service-crash',
    spec: smallSpec('service-crash', sources, { imagesPerClass: 30 }),
  });
  await killed.promise;
  await once(running.child, 'exit');
  running = await service(home, new URL(url).port);
  const result = await handle.result();
  expect(kills).toBe(1);
  expect(result).toMatchObject({ outcome: 'round-limit', rounds: 1, images: 90 });
  const models = await billed({ service: { url, key: KEY } }, 'service-crash');
  expect(models).toMatchObject([{ status: 'succeeded', minutes: result.billedMinutes }]);
  await stop();
  await proxy.close();
  await running.stop();
});
