import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVisionClient } from '../../vision/client.ts';
import { resolve } from '../../workflows/messages.ts';
import type { FaultyProxy } from '../support/proxy.ts';
import { type LoopHandle, type Rig, start } from '../support/rig.ts';
import { type Sources, troubledRig } from '../support/sources.ts';
import { unpredictedSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;
let close: () => Promise<void>;
const taskQueue = 'failures-registration';

beforeAll(async () => {
  ({ rig, proxy, sources, close } = await troubledRig(taskQueue));
});

afterAll(() => close());

const begin = (name: string) => start(rig, { taskQueue, spec: unpredictedSpec(name, sources) });
const retry = (handle: LoopHandle) => handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
const needed = (handle: LoopHandle) => until(handle, ({ phase }) => phase === 'needs-attention');
const done = { outcome: 'round-limit', rounds: 1 };

/** Somebody else registers other content under the names a loop asks for, as many as wanted, just before the loop does. */
function squat(loop: string, names: number): string[] {
  const other = createVisionClient({ baseUrl: rig.service.url, key: rig.service.key });
  const taken: string[] = [];
  proxy.rule(async ({ method, path }) => {
    const name = path.split('/').at(-1) ?? '';
    if (method !== 'PUT' || !path.includes(`/datasets/${loop}-r1-`) || taken.length === names) return null;
    taken.push(name);
    await other.registerDataset(name, {
      annotationKind: 'imageClassification',
      annotationFileUris: [`file://${rig.home}/other.json`],
    });
    return null;
  });
  return taken;
}

describe('a dataset name that is taken by other content', () => {
  it('is given up for a further one, which the loop counts', async () => {
    const taken = squat('taken', 1);
    const { handle } = await begin('taken');
    await expect(handle.result()).resolves.toMatchObject(done);
    const [name] = taken;
    expect(proxy.seen.filter((call) => call.includes(`PUT /computervision/datasets/${name}`))).toEqual([
      `PUT /computervision/datasets/${name}`,
      `PUT /computervision/datasets/${name}-v2`,
    ]);
    proxy.rule(null);
  });

  it('asks when the further ones are taken too', async () => {
    squat('crowded', 4);
    const { handle } = await begin('crowded');
    const { attention } = await needed(handle);
    expect(attention).toMatchObject({ type: 'DatasetNameTaken', step: 'register' });
    expect(attention?.message).toMatch(/Dataset crowded-r1-[0-9a-f]+-v4 exists with other content/);
    await retry(handle);
    await expect(handle.result()).resolves.toMatchObject(done);
    proxy.rule(null);
  });
});

describe('an annotation file that the service cannot reach', () => {
  it('is looked at by the worker, which says what it found, and registered after the answer', async () => {
    proxy.rule(({ method, path }) =>
      method === 'PUT' && path.includes('/datasets/unreached-r1-')
        ? { status: 400, code: 'DatasetInvalidAnnotationUri' }
        : null,
    );
    const { handle } = await begin('unreached');
    const { attention } = await needed(handle);
    expect(attention).toMatchObject({ type: 'AnnotationsUnreachable', step: 'register', canSkip: true });
    expect(attention?.message).toMatch(/PUT .* answered 400 DatasetInvalidAnnotationUri/);
    expect(attention?.message).toMatch(/The worker itself reads file:.*rounds\/1\/coco\.json: [\d,]+ bytes/);
    proxy.rule(null);
    await retry(handle);
    await expect(handle.result()).resolves.toMatchObject(done);
  });
});

describe('an answer of the service that no try again would change', () => {
  it.each([
    { status: 403, code: 'PermissionDenied', type: 'ServiceUnauthorized', said: 'answered 403 PermissionDenied' },
    { status: 418, code: 'Teapot', type: 'ServiceRejected', said: 'answered 418 Teapot' },
    { status: 200, code: 'Odd', type: 'ServiceContract', said: 'answered 200 with something that does not fit' },
  ])(
    '($status $code) asks with method, path, status and code, and goes on after the answer',
    async ({ status, code, type, said }) => {
      const loop = code.toLowerCase();
      proxy.rule(({ method, path }) =>
        method === 'PUT' && path.includes(`/models/${loop}-r1-`) ? { status, code } : null,
      );
      const { handle } = await begin(loop);
      const { attention } = await needed(handle);
      expect(attention?.type).toBe(type);
      expect(attention?.message).toContain(`PUT /computervision/models/${loop}-r1-`);
      expect(attention?.message).toContain(said);
      proxy.rule(null);
      await retry(handle);
      await expect(handle.result()).resolves.toMatchObject(done);
    },
  );
});
