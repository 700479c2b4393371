import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelFileSchema, RoundDrawSchema } from '../../loop/files.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { type ResolveAnswer, resolve } from '../../workflows/messages.ts';
import { failingTraining } from '../support/failing.ts';
import type { FaultyProxy } from '../support/proxy.ts';
import { type LoopHandle, type Rig, type Started, start } from '../support/rig.ts';
import { billed, ledger } from '../support/service-records.ts';
import { type Sources, troubledRig } from '../support/sources.ts';
import { unpredictedSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;
let close: () => Promise<void>;
const taskQueue = 'failures-training';

const suggesting = 'Not enough: the minimum is 2 hours, suggested is a budget of 3 hours.';

beforeAll(async () => {
  ({ rig, proxy, sources, close } = await troubledRig(taskQueue, [
    failingTraining('learned-nothing', 'diverged'),
    failingTraining('never', 'diverged'),
    failingTraining('spoilt', 'diverged', { attempts: '1' }),
    failingTraining('raised', 'notEnoughBudget', { attempts: '1', message: suggesting }),
    failingTraining('doubled', 'notEnoughBudget', { attempts: '1|2', message: 'More, please.' }),
    failingTraining('limited', 'notEnoughBudget', { attempts: '1', message: suggesting }),
    failingTraining('capped', 'notEnoughBudget', { attempts: '1|2', message: suggesting }),
    failingTraining('corrupt', 'datasetCorrupt', { attempts: '1' }),
    failingTraining('forgotten', 'datasetNotFound', { attempts: '1' }),
    failingTraining('lost', 'datasetNotFound', { attempts: '1|2' }),
    failingTraining('faulty', 'unknown', { attempts: '1|2|3' }),
    failingTraining('worse', 'quantumFlux', { attempts: '1|2|3|4', message: 'at http://a.example/c.json?sig=pssst' }),
  ]));
});

afterAll(() => close());

const begin = (name: string, more: Partial<LoopSpecInput> = {}) =>
  start(rig, { taskQueue, spec: unpredictedSpec(name, sources, more) });
const answer = (handle: LoopHandle, more: Partial<ResolveAnswer> = {}) =>
  handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'ann', reason: 'mended', ...more }] });
const needed = (handle: LoopHandle) => until(handle, ({ phase }) => phase === 'needs-attention');
const reason = ({ folder }: Started, attempt: number) =>
  folder.readRecord(`rounds/1/model-${attempt}.json`, ModelFileSchema);
const registrations = (loop: string) =>
  proxy.seen.flatMap((call) => new RegExp(`^PUT .*/datasets/(${loop}-r1-.*)$`).exec(call)?.[1] ?? []);

describe('a training that fails as diverged', () => {
  it('is a round without a metric, after which δ is collected', async () => {
    const { handle, folder } = await begin('learned-nothing', { caps: { rounds: 2 } });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 2 });
    const seen = await until(handle, () => true);
    expect(seen.rounds.map(({ metric }) => metric)).toEqual([null, expect.any(Number)]);
    expect(JSON.stringify(await folder.readJson('rounds/1/decision.json'))).toContain('Round 1 has no metric');
    expect((await billed(rig, 'learned-nothing')).map(({ name }) => name.split('-').at(-1))).toEqual(['1', '1']);
  });

  it('ends the loop as not improving after `patience` of them in a row', async () => {
    const { handle } = await begin('never', { patience: 1, caps: { rounds: 9 } });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'not-improving', rounds: 1, recommended: null });
  });

  it('asks when the data turn out to be spoilt, names the file, and trains on a new version of the dataset', async () => {
    const release = Promise.withResolvers<void>();
    proxy.rule(async ({ method, path }) => {
      if (method === 'GET' && /models\/spoilt-r1-[0-9a-f]+-1$/.test(path)) await release.promise;
      return null;
    });
    const started = await begin('spoilt');
    const { handle, folder } = started;
    await until(handle, ({ phase }) => phase === 'training');
    const [image] = (await folder.readRecord('rounds/1/draw.json', RoundDrawSchema))?.images ?? [];
    const file = folder.resolve(`images/${image?.file}`);
    const bytes = await readFile(file);
    await writeFile(file, 'no image any more');
    release.resolve();
    const { attention } = await needed(handle);
    expect(attention).toMatchObject({ type: 'DatasetChecksFailed', step: 'train', canSkip: true });
    expect(attention?.message).toContain(`images/${image?.file} does not hold the bytes`);
    await writeFile(file, bytes);
    await answer(handle);
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
    proxy.rule(null);
    expect(registrations('spoilt')[1]).toBe(`${registrations('spoilt')[0]}-v2`);
    expect((await reason(started, 2))?.reason).toMatchObject({ kind: 'answer', by: 'ann', code: 'diverged' });
  });
});

describe('a training whose budget is not enough', () => {
  const hours = async (started: Started) => [(await reason(started, 1))?.hours, (await reason(started, 2))?.hours];

  it('gets the hours that the service suggests, under a new model name', async () => {
    const started = await begin('raised');
    await expect(started.handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 1 });
    expect(await hours(started)).toEqual([1, 3]);
    expect((await reason(started, 2))?.reason).toMatchObject({ kind: 'failure', code: 'notEnoughBudget' });
    const lines = await ledger(rig, 'raised');
    expect(lines.map(({ status, billedMinutes }) => [status, billedMinutes])).toEqual([
      ['failed', 0],
      ['succeeded', 1],
    ]);
  });

  it('gets twice as many where nothing is suggested', async () => {
    const started = await begin('doubled');
    await started.handle.result();
    expect([...(await hours(started)), (await reason(started, 3))?.hours]).toEqual([1, 2, 4]);
  });

  it('asks at the operator’s hours per training, and takes what the answer allows', async () => {
    const started = await begin('limited', { training: { hours: 1 } });
    const { attention } = await needed(started.handle);
    expect(attention).toMatchObject({ type: 'TrainingBudgetTooSmall', step: 'train' });
    expect(attention?.message).toContain('3 hours');
    await answer(started.handle, { set: { 'training.hours': 3 } });
    await started.handle.result();
    expect(await hours(started)).toEqual([1, 3]);
  });

  it('takes what is left in total before it asks, and never more', async () => {
    const started = await begin('capped', { caps: { rounds: 1, hours: 2 } });
    await needed(started.handle);
    expect(await hours(started)).toEqual([1, 2]);
    await answer(started.handle, { set: { 'caps.hours': 9 } });
    await started.handle.result();
    expect((await reason(started, 3))?.hours).toBe(3);
  });
});

describe('a training whose dataset', () => {
  it('cannot be read asks, tells what the worker itself finds, and registers a new version after the answer', async () => {
    const started = await begin('corrupt');
    const { attention } = await needed(started.handle);
    expect(attention?.type).toBe('DatasetCorrupt');
    expect(attention?.message).toMatch(/The worker itself reads file:.*coco\.json: [\d,]+ bytes/);
    expect(attention?.message).toContain('6 images hold the bytes they were taken in with');
    await answer(started.handle);
    await started.handle.result();
    const [first, second] = registrations('corrupt');
    expect(second).toBe(`${first}-v2`);
    expect((await reason(started, 2))?.dataset).toBe(second);
  });

  it('is not found is registered once more under its name, by itself', async () => {
    const started = await begin('forgotten');
    await expect(started.handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
    const [first, second] = registrations('forgotten');
    expect(second).toBe(first);
    expect((await reason(started, 2))?.reason).toMatchObject({ kind: 'failure', code: 'datasetNotFound' });
  });

  it('is not found a second time asks', async () => {
    const { handle } = await begin('lost');
    const { attention } = await needed(handle);
    expect(attention?.type).toBe('DatasetGone');
    await answer(handle);
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
    expect(registrations('lost')).toHaveLength(3);
  });
});

describe('a training that fails by the service’s own fault', () => {
  it('is tried again under three further names, at no cost, before anybody is asked', async () => {
    const started = await begin('faulty');
    const result = await started.handle.result();
    expect(result.recommended?.model).toMatch(/-4$/);
    expect(result.billedMinutes).toBe((await ledger(rig, 'faulty')).reduce((sum, line) => sum + line.billedMinutes, 0));
    const report = await readFile(started.folder.resolve('report.html'), 'utf8');
    expect(report.match(/after faulty-r1-[0-9a-f]+-[123] failed \(unknown\)/g)).toHaveLength(3);
    for (const attempt of [2, 3, 4])
      expect((await reason(started, attempt))?.reason).toMatchObject({ kind: 'failure', code: 'unknown' });
  });

  it('asks after that, also for a code that nobody has heard of; a round that is skipped keeps its images', async () => {
    const { handle, folder } = await begin('worse', { caps: { rounds: 2 } });
    const { attention } = await needed(handle);
    expect(attention).toMatchObject({ type: 'ServiceFault', canSkip: true });
    expect(attention?.explanation).toContain('three times more');
    expect(attention?.message).toContain('quantumFlux');
    expect(attention?.message).not.toContain('pssst');
    await answer(handle, { answer: 'skip', reason: 'no time' });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 2 });
    const decision = JSON.stringify(await folder.readJson('rounds/1/decision.json'));
    expect(decision).toContain('Round 1 was skipped');
    expect(decision).toContain('skipped by ann: no time');
    const [first, second] = (await until(handle, () => true)).rounds;
    expect(first).toMatchObject({ metric: null, images: 6 });
    expect(second?.images).toBeGreaterThan(6);
  });
});
