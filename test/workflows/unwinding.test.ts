import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActivities } from '../../activities/index.ts';
import type { Activities } from '../../activities/types.ts';
import { SubsetsFileSchema } from '../../loop/files.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { createVisionClient } from '../../vision/client.ts';
import { createWorkers } from '../../worker/workers.ts';
import { adjust, pause, resolve, resume, stop } from '../../workflows/messages.ts';
import { type FaultyProxy, faultyProxy, holdTraining } from '../support/proxy.ts';
import { createRig, type LoopHandle, type Rig, start } from '../support/rig.ts';
import { secondService, withSpare } from '../support/second-service.ts';
import { billed } from '../support/service-records.ts';
import { imageSources, type Sources } from '../support/sources.ts';
import { unpredictedSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

const taskQueue = 'unwinding';
let rig: Rig;
let proxy: FaultyProxy;
let spare: Awaited<ReturnType<typeof secondService>>;
let sources: Sources;
let stopWorkers: () => Promise<void>;

beforeAll(async () => {
  rig = await createRig();
  proxy = await faultyProxy(rig.service.url);
  spare = await secondService(rig);
  sources = await imageSources(rig, { pool: 12, evaluation: 10 });
  stopWorkers = await rig.work(taskQueue, withSpare({ url: proxy.url, key: rig.service.key }, spare));
});

afterAll(async () => {
  proxy.rule(null);
  await stopWorkers();
  await spare.close();
  await proxy.close();
  await rig.teardown();
});

const begin = (name: string, more: Partial<LoopSpecInput> = {}) =>
  start(rig, { taskQueue, spec: unpredictedSpec(name, sources, more) });
const needed = (handle: LoopHandle) => until(handle, ({ phase }) => phase === 'needs-attention');
const answer = (handle: LoopHandle, word: 'retry' | 'skip') =>
  handle.executeUpdate(resolve, { args: [{ answer: word }] });
const refusePut = (what: string) =>
  proxy.rule(({ method, path }) =>
    method === 'PUT' && path.includes(what) ? { status: 400, code: 'InvalidRequest' } : null,
  );

describe('skip', () => {
  it('is no answer before the first round: there is nothing to skip, and the loop goes on after retry', async () => {
    refusePut('/datasets/early-evaluation');
    const { handle } = await begin('early');
    const { attention } = await needed(handle);
    expect(attention).toMatchObject({ step: 'register', round: 0 });
    expect(attention?.canSkip ?? false).toBe(false);
    await expect(answer(handle, 'skip')).rejects.toMatchObject({
      cause: { message: expect.stringContaining('cannot be skipped') },
    });
    proxy.rule(null);
    await answer(handle, 'retry');
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
  });

  it('of a part of round 1 that cannot be registered leaves out that part, and nothing else', async () => {
    refusePut('/datasets/part-r1');
    const { handle, folder } = await begin('part', {
      policy: 'forecast',
      imagesPerClass: 8,
      patience: 9,
      forecast: { confidence: 1, giveUp: 0 },
    });
    expect((await needed(handle)).attention).toMatchObject({ step: 'register', round: 1, canSkip: true });
    proxy.rule(null);
    await answer(handle, 'skip');
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', recommended: { round: 1 } });
    const parts = SubsetsFileSchema.parse(await folder.readJson('rounds/1/subsets.json'));
    expect(parts.points.map(({ share }) => share)).toEqual([0.5]);
    expect(parts.notes).toEqual([
      expect.stringMatching(/a quarter of round 1, was left out: .*skipped by Temporal UI/),
    ]);
    expect(await billed(rig, 'part')).toHaveLength(2);
  });
});

describe('another vision service', () => {
  it('where the evaluation set’s name is taken by something else gets it under a further name', async () => {
    const release = holdTraining(proxy, 'squatted');
    const { handle } = await begin('squatted', { imagesPerClass: 3, caps: { rounds: 2 } });
    await until(handle, ({ phase }) => phase === 'training');
    const name =
      proxy.seen
        .find((call) => call.includes('/datasets/squatted-evaluation-'))
        ?.split('/')
        .at(-1) ?? '';
    await createVisionClient({ baseUrl: spare.url, key: spare.key }).registerDataset(name, {
      annotationKind: 'imageClassification',
      annotationFileUris: [`file://${rig.home}/other.json`],
    });
    await handle.executeUpdate(adjust, { args: [{ set: { service: 'spare' } }] });
    release();
    const { phase } = await until(handle, (seen) => seen.phase === 'done' || seen.phase === 'needs-attention');
    expect(phase).toBe('done');
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'round-limit', rounds: 2 });
    proxy.rule(null);
  });

  it('named while a dataset is being registered asks as well where it needs more images than the round has', async () => {
    refusePut('/datasets/scarce-r1');
    const { handle } = await begin('scarce', { imagesPerClass: 2, caps: { rounds: 2 } });
    await needed(handle);
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry', set: { service: 'spare' } }] });
    proxy.rule(null);
    const seen = await until(
      handle,
      ({ attention, phase }) => attention?.type === 'NotEnoughImages' || phase === 'done',
    );
    expect(seen.attention?.message).toMatch(/at least 3 images of a class; blue has 2/);
    await answer(handle, 'skip');
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 2 });
    expect((await billed({ service: spare }, 'scarce')).map(({ name }) => name)).toEqual([
      expect.stringMatching(/^scarce-r2-/),
    ]);
  });
});

describe('what people say while the loop writes down what they said before', () => {
  /** Workers whose journal, from the n-th writing on, is written only when that is let go. */
  async function slowJournal(queue: string, from = 1) {
    let times = 0;
    const held = Promise.withResolvers<void>();
    const writing = Promise.withResolvers<void>();
    const real = createActivities({
      home: rig.home,
      services: withSpare({ url: proxy.url, key: rig.service.key }, spare),
      predictConcurrency: 8,
    });
    const activities: Activities = {
      ...real,
      recordAnswers: async (input) => {
        times += 1;
        if (times < from) return real.recordAnswers(input);
        writing.resolve();
        await held.promise;
        return real.recordAnswers(input);
      },
    };
    const made = await createWorkers({
      connection: rig.env.nativeConnection,
      namespace: rig.env.namespace ?? 'default',
      taskQueue: queue,
      activities,
      workflowBundle: rig.bundle,
    });
    const running = Promise.all(made.map((worker) => worker.run()));
    const close = async () => {
      for (const worker of made) worker.shutdown();
      await running;
    };
    return { writing: writing.promise, release: held.resolve, close };
  }

  async function pausedAtGate(name: string) {
    const workers = await slowJournal(name);
    const release = holdTraining(proxy, name);
    const { handle } = await start(rig, {
      taskQueue: name,
      spec: unpredictedSpec(name, sources, { caps: { rounds: 2 } }),
      timings: { heartbeatMs: 60_000 },
    });
    await until(handle, ({ phase }) => phase === 'training');
    await handle.executeUpdate(adjust, { args: [{ set: { target: 0.99 } }] });
    release();
    await workers.writing;
    return { handle, workers };
  }

  it('a stop ends the loop before it spends anything more', async () => {
    const { handle, workers } = await pausedAtGate('stop-at-gate');
    await handle.executeUpdate(stop, { args: [{ by: 'ann' }] });
    workers.release();
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'stopped', rounds: 1, images: 6 });
    await workers.close();
  });

  it('a second pause holds, when it comes while the resume before it is being written down', async () => {
    const workers = await slowJournal('pause-again', 2);
    const { handle } = await start(rig, {
      taskQueue: 'pause-again',
      spec: unpredictedSpec('pause-again', sources),
      timings: { heartbeatMs: 60_000 },
    });
    await handle.executeUpdate(pause, { args: [{ by: 'ann' }] });
    await until(handle, ({ phase }) => phase === 'paused');
    await handle.executeUpdate(resume, { args: [{ by: 'ann' }] });
    await workers.writing;
    await handle.executeUpdate(pause, { args: [{ by: 'bob' }] });
    workers.release();
    const { state } = await until(handle, ({ state: now, phase }) => now.includes('bob') || phase === 'done');
    expect(state).toContain('Paused by bob');
    await handle.executeUpdate(resume, { args: [{}] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
    await workers.close();
  });
});

describe('a message that means nothing', () => {
  it.each([
    [stop, { now: 'yes' }, '“now” must be true or false'],
    [stop, '', 'must be an object'],
    [pause, [], 'must be an object'],
    [adjust, null, 'must be an object'],
    [adjust, { set: null }, '“set” must be an object'],
    [resolve, { answer: 'retry', set: null }, 'waits for no answer'],
  ])('%o with %j is refused with a sentence, and the loop goes on', async (update, data, words) => {
    const name = `odd-${JSON.stringify(data).replace(/\W+/g, '')}x`;
    const release = holdTraining(proxy, name);
    const { handle } = await begin(name);
    await until(handle, ({ phase }) => phase === 'training');
    await expect(handle.executeUpdate(update as typeof stop, { args: [data as never] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining(words) },
    });
    release();
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
  });
});
