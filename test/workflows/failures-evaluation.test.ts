import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelFileSchema } from '../../loop/files.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { type ResolveAnswer, resolve } from '../../workflows/messages.ts';
import { failingEvaluation } from '../support/failing.ts';
import type { FaultyProxy } from '../support/proxy.ts';
import { type LoopHandle, type Rig, start } from '../support/rig.ts';
import { billed } from '../support/service-records.ts';
import { type Sources, troubledRig } from '../support/sources.ts';
import { unpredictedSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;
let close: () => Promise<void>;
const taskQueue = 'failures-evaluation';

const UNUSABLE = ['datasetCorrupt', 'datasetAnnotationsInvalid', 'datasetEmpty'];

beforeAll(async () => {
  ({ rig, proxy, sources, close } = await troubledRig(taskQueue, [
    failingEvaluation('hiccup', 'internalServerError', 3),
    failingEvaluation('broken', 'internalServerError', 4),
    failingEvaluation('mistaken', 'modelNotFound', 1),
    failingEvaluation('unlisted', 'datasetNotFound', 1),
    failingEvaluation('vanished', 'datasetNotFound', 2),
    ...UNUSABLE.map((code) => failingEvaluation(code.toLowerCase(), code, 1)),
    failingEvaluation('mixed-up', 'incorrectModelKind', 1),
  ]));
});

afterAll(() => close());

const begin = (name: string, more: Partial<LoopSpecInput> = {}) =>
  start(rig, { taskQueue, spec: unpredictedSpec(name, sources, more) });
const answer = (handle: LoopHandle, more: Partial<ResolveAnswer> = {}) =>
  handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'ann', reason: 'mended', ...more }] });
const needed = (handle: LoopHandle) => until(handle, ({ phase }) => phase === 'needs-attention');
/** The numbers at the end of the names that evaluations of a loop's models were asked for, in order. */
const evaluations = (loop: string) =>
  proxy.seen.flatMap((call) => new RegExp(`^PUT .*/models/${loop}-r.*-(\\d+)$`).exec(call)?.[1] ?? []).slice(1);
const registrations = (loop: string) =>
  proxy.seen.flatMap((call) => new RegExp(`^PUT .*/datasets/(${loop}-evaluation-.*)$`).exec(call)?.[1] ?? []);
const done = { outcome: 'round-limit', rounds: 1 };

describe('an evaluation that fails by the service’s own fault', () => {
  it('is tried again three times under the next names, and nobody is asked', async () => {
    const { handle } = await begin('hiccup');
    await expect(handle.result()).resolves.toMatchObject(done);
    expect(evaluations('hiccup')).toEqual(['1', '2', '3', '4']);
    expect(await billed(rig, 'hiccup')).toHaveLength(1);
  });

  it('asks after that, and measures the same model once more after `retry`', async () => {
    const { handle } = await begin('broken');
    const { attention } = await needed(handle);
    expect(attention).toMatchObject({ type: 'ServiceFault', step: 'evaluate', canSkip: true });
    expect(attention?.message).toContain('internalServerError');
    await answer(handle);
    await expect(handle.result()).resolves.toMatchObject(done);
    expect(evaluations('broken')).toEqual(['1', '2', '3', '4', '5']);
    expect(await billed(rig, 'broken')).toHaveLength(1);
  });
});

describe('an evaluation whose model', () => {
  it('is said to be missing and is there after all is measured under the next name', async () => {
    const { handle } = await begin('mistaken');
    await expect(handle.result()).resolves.toMatchObject(done);
    expect(evaluations('mistaken')).toEqual(['1', '2']);
    expect(await billed(rig, 'mistaken')).toHaveLength(1);
  });

  it('is away for a while is waited for', async () => {
    let away = 4;
    proxy.rule(({ method, path }) => {
      if (!path.includes('/models/wandering-r1')) return null;
      if (method === 'PUT' && path.includes('/evaluations/') && away > 0) return { status: 400, code: 'modelNotFound' };
      const asksBack = proxy.seen.some(
        (call) => call.includes('/models/wandering-r1') && call.includes('/evaluations/'),
      );
      if (method !== 'GET' || !asksBack || away === 0) return null;
      away -= 1;
      return { status: 404, code: 'ModelNotFound' };
    });
    const { handle } = await start(rig, {
      taskQueue,
      spec: unpredictedSpec('wandering', sources),
      timings: { missingMs: 60_000 },
    });
    await expect(handle.result()).resolves.toMatchObject(done);
    expect(away).toBe(0);
    expect(await billed(rig, 'wandering')).toHaveLength(1);
  });

  it('is gone asks, and `retry` trains again from the same dataset, for a recorded reason', async () => {
    let evaluating = false;
    proxy.rule(({ path }) => {
      if (!/\/models\/gone-by-then-r1-[0-9a-f]+-1(\/|$)/.test(path)) return null;
      evaluating ||= path.includes('/evaluations/');
      return evaluating ? { status: 404, code: 'ModelNotFound' } : null;
    });
    const { handle, folder } = await begin('gone-by-then');
    const { attention } = await needed(handle);
    expect(attention).toMatchObject({ type: 'ModelGone', step: 'evaluate' });
    await answer(handle);
    const result = await handle.result();
    expect(result.recommended?.model).toMatch(/-2$/);
    const file = await folder.readRecord('rounds/1/model-2.json', ModelFileSchema);
    expect(file?.reason).toMatchObject({ kind: 'answer', failure: 'ModelGone', by: 'ann', why: 'mended' });
    const first = await folder.readRecord('rounds/1/model-1.json', ModelFileSchema);
    expect(file?.dataset).toBe(first?.dataset);
    proxy.rule(null);
  });
});

describe('predictions by a model', () => {
  it('that is gone ask as well, and `retry` trains again', async () => {
    let predicting = false;
    let lost = true;
    proxy.rule(({ path }) => {
      predicting ||= path.endsWith('imageanalysis:analyze');
      if (!predicting || !lost) return null;
      const isLookUp = /\/models\/unpredicted-r1-[0-9a-f]+-1$/.test(path);
      return isLookUp || path.endsWith('imageanalysis:analyze') ? { status: 404, code: 'ModelNotFound' } : null;
    });
    const { handle } = await begin('unpredicted', { evaluation: { path: sources.evaluation.path, predictions: true } });
    const { attention } = await needed(handle);
    expect(attention).toMatchObject({ type: 'ModelGone', step: 'predict' });
    lost = false;
    await answer(handle);
    const result = await handle.result();
    expect(result.recommended?.model).toMatch(/-2$/);
    proxy.rule(null);
  });
});

describe('an evaluation whose dataset', () => {
  it('is not found is registered again under its name, by itself', async () => {
    const { handle } = await begin('unlisted');
    await expect(handle.result()).resolves.toMatchObject(done);
    const [first, second] = registrations('unlisted');
    expect(second).toBe(first);
    expect(evaluations('unlisted')).toEqual(['1', '2']);
  });

  it('is not found a second time asks', async () => {
    const { handle } = await begin('vanished');
    expect((await needed(handle)).attention?.type).toBe('DatasetGone');
    await answer(handle);
    await expect(handle.result()).resolves.toMatchObject(done);
    expect(registrations('vanished')).toHaveLength(3);
  });

  it.each(UNUSABLE)('cannot be used (%s) asks with what the worker finds, and is registered anew', async (code) => {
    const loop = code.toLowerCase();
    const { handle } = await begin(loop, { caps: { rounds: 2 } });
    const { attention } = await needed(handle);
    expect(attention?.type).toBe('DatasetCorrupt');
    expect(attention?.message).toContain(code);
    expect(attention?.message).toMatch(/The worker itself reads .*30 images hold the bytes/);
    await answer(handle);
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 2 });
    const [first, second, ...more] = registrations(loop);
    expect([second, ...more]).toEqual([`${first}-v2`]);
  });
});

describe('an evaluation of the wrong kind of model', () => {
  it('asks, and a round that is skipped then has no metric', async () => {
    const { handle } = await begin('mixed-up');
    expect((await needed(handle)).attention).toMatchObject({ type: 'ModelKindMismatch', canSkip: true });
    await answer(handle, { answer: 'skip' });
    await expect(handle.result()).resolves.toMatchObject({ ...done, recommended: null, billedMinutes: 1 });
  });
});
