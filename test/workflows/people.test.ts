import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyBatch } from '../../collect/submit.ts';
import { readJournal } from '../../data/journal.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { pause, progress, resolve, resume, stop, submitImages } from '../../workflows/messages.ts';
import { imageFolder } from '../support/images.ts';
import { createRig, type Rig, type Started, start } from '../support/rig.ts';
import { until } from '../support/watching.ts';

let rig: Rig;
let stopWorkers: () => Promise<void>;
let evaluation: string;
const taskQueue = 'people';
const classes = ['red', 'green', 'blue'];

beforeAll(async () => {
  // Few events suffice for a new run, so that these loops continue as new while they wait for people.
  rig = await createRig(['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=40']);
  evaluation = await imageFolder(join(rig.home, 'sources/evaluation'), { perClass: 10, firstSeed: 1000 });
  stopWorkers = await rig.work(taskQueue);
});

afterAll(async () => {
  await stopWorkers();
  await rig.teardown();
});

function spec(name: string, more: Partial<LoopSpecInput> = {}): LoopSpecInput {
  const collector = { kind: 'people' as const };
  return {
    name,
    classes,
    collector,
    evaluation: { path: evaluation },
    policy: 'thresholds',
    imagesPerClass: 2,
    target: 1,
    claim: 'lower-bound',
    patience: 9,
    ...more,
  };
}

/** Hands in fresh pictures as `deltaloop submit` does. */
async function handIn(
  { handle, folder }: Started,
  pictures: { perClass: number; firstSeed: number; classes?: string[] },
) {
  const dir = await imageFolder(join(rig.home, 'sources', randomUUID()), pictures);
  const { manifest, counts } = await copyBatch(folder, dir, { classes });
  const answer = await handle.executeUpdate(submitImages, { args: [{ manifest, counts, by: 'a tester' }] });
  return { manifest, counts, answer };
}

describe('a loop that people collect for', () => {
  it('states what it needs, takes images in parts, and goes on when it has enough', async () => {
    const loop = await start(rig, { taskQueue, spec: spec('in-parts', { caps: { rounds: 2 } }) });
    const asking = await until(loop.handle, ({ phase, round }) => phase === 'collecting' && round === 1);
    expect(asking.classes.map(({ need }) => need)).toEqual([2, 2, 2]);
    expect(asking.next).toContain('deltaloop submit in-parts DIR');
    const first = await handIn(loop, { perClass: 1, firstSeed: 1 });
    expect(first.answer.message).toBe('3 images (1 per class) queued for round 1.');
    await until(loop.handle, (seen) => seen.classes.every(({ need }) => need === 1));
    await handIn(loop, { perClass: 1, firstSeed: 2 });
    const second = await until(loop.handle, ({ phase, round }) => phase === 'collecting' && round === 2);
    expect(second.rounds[0]).toMatchObject({ images: 6, newImages: 6 });
    await handIn(loop, { perClass: 5, firstSeed: 10 });
    const result = await loop.handle.result();
    expect(result).toMatchObject({ outcome: 'round-limit', rounds: 2, images: 9 });
    expect(result.unusedImages).toBe(12);
  });

  it('counts an image once however often it is handed in, also over a new run', async () => {
    const loop = await start(rig, { taskQueue, spec: spec('twice', { caps: { rounds: 2 } }) });
    const batch = await handIn(loop, { perClass: 1, firstSeed: 1 });
    for (let again = 0; again < 8; again += 1) {
      await loop.handle.executeUpdate(submitImages, { args: [{ manifest: batch.manifest, counts: batch.counts }] });
    }
    const seen = await until(loop.handle, (now) => now.classes.every(({ need }) => need === 1));
    expect(seen.round).toBe(1);
    await handIn(loop, { perClass: 1, firstSeed: 2 });
    const next = await until(loop.handle, ({ round }) => round === 2);
    expect(next.images).toBe(6);
    const { runId } = await loop.handle.describe();
    const history = await rig.env.client.workflow.getHandle('twice', runId).fetchHistory();
    expect(history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).toBeTruthy();
    await loop.handle.executeUpdate(stop, { args: [{ by: 'a tester' }] });
    await expect(loop.handle.result()).resolves.toMatchObject({ outcome: 'stopped', images: 6 });
  });

  it('carries what people said over a new run, while it cannot be written, and loses none of it', async () => {
    const loop = await start(rig, { taskQueue, spec: spec('carried', { caps: { rounds: 1 } }) });
    await until(loop.handle, ({ phase }) => phase === 'collecting');
    await writeFile(loop.folder.resolve('journal'), 'in the way');
    const { runId } = await loop.handle.describe();
    // A pause wakes the loop, which then looks whether its history has grown long.
    for (let n = 1; (await loop.handle.describe()).runId === runId; n += 2) {
      await loop.handle.executeUpdate(pause, { args: [{ by: 'ann', reason: `${n}` }] });
      await loop.handle.executeUpdate(resume, { args: [{ by: 'ann', reason: `${n + 1}` }] });
    }
    await rm(loop.folder.resolve('journal'));
    await handIn(loop, { perClass: 2, firstSeed: 400 });
    await expect(loop.handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
    const entries = await readJournal(loop.folder);
    expect(entries.length).toBeGreaterThan(2);
    expect(entries.map(({ reason }) => reason)).toEqual(entries.map((_, at) => `${at + 1}`));
  });

  it('refuses images equal to an evaluation image', async () => {
    const loop = await start(rig, { taskQueue, spec: spec('leak') });
    await until(loop.handle, ({ phase }) => phase === 'collecting');
    const { manifest, counts } = await copyBatch(loop.folder, evaluation, { classes });
    await loop.handle.executeUpdate(submitImages, { args: [{ manifest, counts }] });
    await until(loop.handle, () => true);
    await handIn(loop, { perClass: 1, firstSeed: 1 });
    const seen = await until(loop.handle, (now) => now.classes.every(({ need }) => need < 2));
    expect(seen.classes.map(({ need }) => need)).toEqual([1, 1, 1]);
    await loop.handle.executeUpdate(stop, { args: [{}] });
    await loop.handle.result();
  });

  it('trains with what came when the collector’s deadline passes and every class has enough', async () => {
    const collector = { kind: 'people' as const, deadline: '3s' };
    const loop = await start(rig, {
      taskQueue,
      spec: spec('due', { collector, imagesPerClass: 4, caps: { rounds: 1 } }),
    });
    await handIn(loop, { perClass: 2, firstSeed: 1 });
    await expect(loop.handle.result()).resolves.toMatchObject({ outcome: 'round-limit', images: 6 });
  });

  it('asks for help when the deadline passes and a class has too few, and waits once more on retry', async () => {
    const collector = { kind: 'people' as const, deadline: '500ms', reminders: ['100ms'] };
    const loop = await start(rig, { taskQueue, spec: spec('short', { collector, caps: { rounds: 1 } }) });
    const asking = await until(loop.handle, ({ phase }) => phase === 'needs-attention');
    expect(asking.attention).toMatchObject({ type: 'NotEnoughImages', step: 'collect', round: 1 });
    await handIn(loop, { perClass: 2, firstSeed: 1 });
    await loop.handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'a tester' }] });
    await expect(loop.handle.result()).resolves.toMatchObject({ outcome: 'round-limit', images: 6 });
  });

  it('ends at the loop’s deadline while it waits for people', async () => {
    const loop = await start(rig, { taskQueue, spec: spec('over'), deadline: Date.now() + 3000 });
    await expect(loop.handle.result()).resolves.toMatchObject({ outcome: 'deadline', rounds: 0 });
  });

  it('refuses a batch of an unknown class, and one that is no batch, with a sentence', async () => {
    const loop = await start(rig, { taskQueue, spec: spec('strict') });
    const sha256 = 'ab'.repeat(32);
    const manifest = { uri: `file:///nowhere/batches/${sha256}.json`, sha256 };
    for (const odd of [
      { manifest: { ...manifest, uri: 'file:///etc/passwd' }, counts: { red: 1 } },
      { manifest, counts: { red: '1' } },
      { manifest, counts: null },
    ])
      await expect(loop.handle.executeUpdate('submitImages', { args: [odd] })).rejects.toMatchObject({
        cause: { message: expect.stringContaining('Not a batch of images') },
      });
    const unknown = loop.handle.executeUpdate(submitImages, { args: [{ manifest, counts: { purple: 1 } }] });
    await expect(unknown).rejects.toMatchObject({
      cause: { message: 'The loop has no class purple; its classes are red, green, blue.' },
    });
    const nonsense = loop.handle.executeUpdate('submitImages', { args: ['hello'] });
    await expect(nonsense).rejects.toMatchObject({
      cause: { message: expect.stringContaining('Not a batch of images') },
    });
    await loop.handle.executeUpdate(stop, { args: [{}] });
    await loop.handle.result();
    await expect(loop.handle.query(progress)).resolves.toMatchObject({ phase: 'done' });
  });
});
