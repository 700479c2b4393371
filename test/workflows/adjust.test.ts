import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../data/journal.ts';
import type { Changes } from '../../loop/changes.ts';
import { RoundDrawSchema } from '../../loop/files.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { adjust, pause, resolve, resume } from '../../workflows/messages.ts';
import { inProcess } from '../client/run-cli.ts';
import { imageFolder } from '../support/images.ts';
import { type FaultyProxy, faultyProxy, holdTraining } from '../support/proxy.ts';
import { createRig, type LoopHandle, type Rig, start } from '../support/rig.ts';
import { secondService, withSpare } from '../support/second-service.ts';
import { billed } from '../support/service-records.ts';
import { imageSources, type Sources } from '../support/sources.ts';
import { until } from '../support/watching.ts';

const taskQueue = 'adjust';
let rig: Rig;
let proxy: FaultyProxy;
let spare: Rig['service'] & { close: () => Promise<void> };
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

function spec(name: string, more: Partial<LoopSpecInput> = {}): LoopSpecInput {
  const few = { imagesPerClass: 2, caps: { rounds: 1 }, patience: 9 };
  return { name, ...sources, policy: 'thresholds', target: 1, claim: 'lower-bound', ...few, ...more };
}

const begin = (more: LoopSpecInput) => start(rig, { taskQueue, spec: more });
const cli = (...args: string[]) =>
  inProcess(args, { home: rig.home, env: { TEMPORAL_ADDRESS: rig.env.address, DELTALOOP_TASK_QUEUE: taskQueue } });
const change = (handle: LoopHandle, set: Changes) => handle.executeUpdate(adjust, { args: [{ set, by: 'ann' }] });

/** What a service has on record of a loop's models: name and status. */
async function modelsAt(service: Rig['service'], loop: string): Promise<string[]> {
  return (await billed({ service }, loop)).map(({ name, status }) => `${name.slice(loop.length + 1)} ${status}`);
}

describe('caps and target of a running loop', () => {
  it('act from the next decision on, and are shown with who changed them, also without a worker', async () => {
    const release = holdTraining(proxy, 'caps');
    const { handle, folder } = await begin(spec('caps', { caps: { rounds: 9, hours: 3 } }));
    await until(handle, ({ phase }) => phase === 'training');
    const answer = await cli(
      'adjust',
      'caps',
      '--set',
      'caps.rounds=1',
      '--set',
      'target=0.99',
      '--reason',
      'the money',
      '--by',
      'ann',
      '--json',
    );
    expect(JSON.parse(answer.stdout)).toMatchObject({
      loop: 'caps',
      set: { 'caps.rounds': 1, target: 0.99 },
      message: 'From the next step on: caps.rounds = 1, target = 0.99.',
    });
    expect((await cli('status', 'caps')).stdout).toMatch(
      /R1\/1[\s\S]*target 0.99[\s\S]*ann: caps.rounds = 1, target = 0.99 – the money/,
    );
    release();
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 1 });
    expect(await readJournal(folder)).toMatchObject([
      {
        sequence: 1,
        kind: 'adjust',
        by: 'ann',
        round: 1,
        reason: 'the money',
        before: { 'caps.rounds': 9, target: 1 },
      },
    ]);
    const told = JSON.parse((await cli('status', 'caps', '--json')).stdout);
    expect(told.progress).toMatchObject({ target: 0.99, caps: { rounds: 1, hours: 3 }, journal: [{ by: 'ann' }] });
    expect((await cli('explain', 'caps')).stdout).toContain('caps.rounds 9 → 1, target 1 → 0.99 (ann,');
    expect(await readFile(folder.resolve('report.html'), 'utf8')).toContain('What people changed');
  });

  it('lowered below what is reserved start nothing new and cancel nothing', async () => {
    const release = holdTraining(proxy, 'lowered');
    const { handle } = await begin(spec('lowered', { caps: { rounds: 9, hours: 3 }, training: { hours: 2 } }));
    await until(handle, ({ phase }) => phase === 'training');
    const { message } = await change(handle, { 'caps.hours': 1, 'caps.images': 6, target: 0.75 });
    expect(message).toContain('leaves no whole hour for a further training. The loop has 6 images already');
    // The list of loops knows the target at once, not with the next step.
    expect((await handle.describe()).typedSearchAttributes.getAll()).toContainEqual(
      expect.objectContaining({ key: expect.objectContaining({ name: 'LoopTarget' }), value: 0.75 }),
    );
    expect((await until(handle, () => true)).budget).toMatchObject({ capMinutes: 60, reservedMinutes: 120 });
    release();
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'budget-exhausted', rounds: 1 });
    expect(await modelsAt(rig.service, 'lowered')).toEqual([expect.stringMatching(/ succeeded$/)]);
  });
});

describe('a pool that was moved while a loop runs', () => {
  it('is asked for, and gives the draws of an undisturbed loop from its new place', async () => {
    const own = {
      collector: {
        kind: 'pool' as const,
        path: await imageFolder(join(rig.home, 'sources/own'), { perClass: 12, firstSeed: 1 }),
      },
    };
    const whole = { caps: { rounds: 2 }, ...own };
    const release = holdTraining(proxy, 'moved');
    const [moved, undisturbed] = [await begin(spec('moved', whole)), await begin(spec('undisturbed', whole))];
    await undisturbed.handle.result();
    await until(moved.handle, ({ phase }) => phase === 'training');
    await moved.handle.executeUpdate(pause, { args: [{ by: 'ann' }] });
    release();
    await until(moved.handle, ({ phase }) => phase === 'paused');
    await rename(own.collector.path, `${own.collector.path}-elsewhere`);
    await moved.handle.executeUpdate(resume, { args: [{}] });
    const seen = await until(moved.handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.attention).toMatchObject({ type: 'SourceUnreadable', step: 'collect' });
    expect(seen.next).toContain('`deltaloop resolve moved retry --set collector.path=PLACE`');
    const { stdout } = await cli(
      'resolve',
      'moved',
      'retry',
      '--set',
      `collector.path=${own.collector.path}-elsewhere`,
    );
    expect(stdout).toMatch(/^The loop tries the step again, with collector\.path = \//);
    await expect(moved.handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 2 });
    const draws = await Promise.all(
      [moved, undisturbed].map(({ folder }) => folder.readRecord('rounds/2/draw.json', RoundDrawSchema)),
    );
    expect(draws[0]?.images).toEqual(draws[1]?.images);
  });
});

describe('another vision service', () => {
  it('gets the evaluation set and the next rounds, while a running training ends where it began', async () => {
    const release = holdTraining(proxy, 'over');
    const { handle } = await begin(spec('over', { caps: { rounds: 2 } }));
    await until(handle, ({ phase }) => phase === 'training');
    await change(handle, { service: 'spare' });
    release();
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'round-limit', rounds: 2 });
    expect(await modelsAt(rig.service, 'over')).toEqual([expect.stringMatching(/^r1-[0-9a-f]+-1 succeeded$/)]);
    expect(await modelsAt(spare, 'over')).toEqual([expect.stringMatching(/^r2-[0-9a-f]+-1 succeeded$/)]);
    // Two images of a class were enough before; the spare service asks for three at least.
    expect(result.images).toBeGreaterThanOrEqual(9);
  });

  it('makes the model of the round when the old one refuses to train, once', async () => {
    proxy.rule(({ method, path }) =>
      method === 'PUT' && path.includes('/models/refused') ? { status: 403, code: 'Forbidden' } : null,
    );
    const { handle } = await begin(spec('refused', { imagesPerClass: 3 }));
    const seen = await until(handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.next).toContain('retry --set service=PROFILE');
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry', set: { service: 'spare' } }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 1 });
    proxy.rule(null);
    expect(await modelsAt(rig.service, 'refused')).toEqual([]);
    expect(await modelsAt(spare, 'refused')).toEqual([expect.stringMatching(/^r1-[0-9a-f]+-2 succeeded$/)]);
  });

  it('that nobody knows is asked about, and the answer may name the old one again', async () => {
    const { handle } = await begin(spec('unknown-service', { service: 'nowhere' }));
    const seen = await until(handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.attention).toMatchObject({ type: 'ServiceProfileUnknown', step: 'prepare' });
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry', set: { service: 'default' } }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
  });

  it('that needs more images of a class than a round has lets the round be skipped, and the next one gets enough', async () => {
    const release = holdTraining(proxy, 'hungry');
    const { handle } = await begin(spec('hungry', { caps: { rounds: 2 } }));
    await until(handle, ({ phase }) => phase === 'training');
    proxy.rule(({ method, path }) =>
      method === 'GET' && path.includes('/models/hungry-r1') && !path.includes('/evaluations/')
        ? { status: 403, code: 'Forbidden' }
        : null,
    );
    release();
    await until(handle, ({ attention }) => attention?.type === 'ServiceUnauthorized');
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry', set: { service: 'spare' } }] });
    const seen = await until(handle, ({ attention }) => attention?.type === 'NotEnoughImages');
    expect(seen.attention?.message).toMatch(/at least 3 images of a class; blue has 2, green has 2, red has 2/);
    await handle.executeUpdate(resolve, { args: [{ answer: 'skip', by: 'ann' }] });
    proxy.rule(null);
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'round-limit', rounds: 2, recommended: { round: 2 } });
    expect(result.images).toBeGreaterThanOrEqual(9);
    // What the old service was asked for and cannot tell about any more counts as spent.
    expect(result.billedMinutes).toBeGreaterThan(60);
    expect(await modelsAt(spare, 'hungry')).toEqual([expect.stringMatching(/^r2-[0-9a-f]+-1 succeeded$/)]);
  });
});
