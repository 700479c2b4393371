import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { dataConverter } from '../../codec/data-converter.ts';
import { type CliRun, inProcess } from '../client/run-cli.ts';
import { historyBytes } from '../support/history-bytes.ts';
import { imageFolder } from '../support/images.ts';
import { type FaultyProxy, faultyProxy } from '../support/proxy.ts';
import { createRig, profiles, type Rig } from '../support/rig.ts';
import { keysOf, newKey } from './keys.ts';

const taskQueue = 'encrypted';
const [spring, summer] = [newKey(), newKey()];
/** Words that stand in the spec, the files and the errors of these loops. */
const PLANTED = ['felis-margarita', 'Project Nightjar', 'ShyAnimal'];
const classes = ['felis-margarita', 'blue'];
let rig: Rig;
let proxy: FaultyProxy;

beforeAll(async () => {
  rig = await createRig();
  proxy = await faultyProxy(rig.service.url);
  await imageFolder(join(rig.home, 'yardstick'), { perClass: 8, firstSeed: 1000, classes });
  await imageFolder(join(rig.home, 'first'), { perClass: 3, firstSeed: 1, classes });
  await imageFolder(join(rig.home, 'second'), { perClass: 12, firstSeed: 100, classes });
});

afterAll(async () => {
  await proxy.close();
  await rig.teardown();
});

/** Worker and commands of one place, with its keys. */
function place(keys: Record<string, string>) {
  const env = { TEMPORAL_ADDRESS: rig.env.address, DELTALOOP_TASK_QUEUE: taskQueue, ...keys };
  return {
    run: (...args: string[]): Promise<CliRun> => inProcess(args, { home: rig.home, env }),
    work: () =>
      rig.work(taskQueue, profiles({ url: proxy.url, key: rig.service.key }), { dataConverter: dataConverter(env) }),
  };
}

async function specFile(name: string): Promise<string> {
  const path = join(rig.home, `${name}.yaml`);
  const spec = {
    name,
    title: 'Project Nightjar',
    classes,
    collector: { kind: 'people', reminders: [] },
    evaluation: { path: 'yardstick' },
    policy: 'thresholds',
    target: 1,
    claim: 'lower-bound',
    patience: 9,
    caps: { rounds: 2 },
  };
  await writeFile(path, stringify(spec));
  return path;
}

async function plantedIn(loop: string): Promise<string[]> {
  const bytes = await historyBytes(rig.env.client, loop);
  return PLANTED.filter((words) => bytes.includes(words));
}

/** Fails the next registration with words that must not be read, until somebody answers. */
function refuseRegistration(): void {
  proxy.rule(({ method, path }) =>
    method === 'PUT' && path.includes('/datasets/') ? { status: 400, code: 'ShyAnimal' } : null,
  );
}

describe('a loop with encryption on', () => {
  it('keeps its words out of the history, failures included, and goes on with the next key', async () => {
    const before = place(keysOf({ spring }));
    const stopBefore = await before.work();
    refuseRegistration();
    expect((await before.run('start', await specFile('shy'))).code).toBe(0);
    expect((await before.run('submit', 'shy', join(rig.home, 'first'))).code).toBe(0);
    expect((await before.run('watch', 'shy', '--until-attention', '--interval', '100ms')).code).toBe(3);
    const waiting = await before.run('status', 'shy');
    expect(waiting.stdout).toContain('Project Nightjar');
    expect(waiting.stdout).toContain('ShyAnimal');
    expect(await plantedIn('shy')).toEqual([]);
    await stopBefore();

    const after = place(keysOf({ summer, spring }));
    const stopAfter = await after.work();
    proxy.rule(null);
    expect((await after.run('resolve', 'shy', 'retry', '--reason', 'the felis-margarita is mended')).code).toBe(0);
    expect((await after.run('submit', 'shy', join(rig.home, 'second'))).code).toBe(0);
    const watched = await after.run('watch', 'shy', '--interval', '100ms');
    expect(watched).toMatchObject({ code: 6, stdout: expect.stringContaining('round-limit') });
    expect(await plantedIn('shy')).toEqual([]);
    const bytes = await historyBytes(rig.env.client, 'shy');
    expect(['spring', 'summer'].map((id) => bytes.includes(id))).toEqual([true, true]);
    await stopAfter();
  });

  it('tells a command without the key which one to set, and a worker without it loses nothing', async () => {
    const keyed = place(keysOf({ spring }));
    expect((await keyed.run('start', await specFile('locked'))).code).toBe(0);
    const keyless = place({});
    const status = await keyless.run('status', 'locked');
    expect(status.code).toBe(2);
    expect(status.stderr).toContain(
      'encrypted with the key "spring", which is missing here; add it to DELTALOOP_ENCRYPTION_KEYS',
    );
    expect(status.stderr).toContain('→ Give this command the keys that the worker has');

    const stopKeyless = await keyless.work();
    const taskFailed = async () => (await historyBytes(rig.env.client, 'locked')).includes('which is missing here');
    await expect.poll(taskFailed, { timeout: 30_000 }).toBe(true);
    await stopKeyless();
    const stop = await keyed.work();
    // The server lets some seconds pass after a failed task before it offers the next one.
    const submit = () => keyed.run('submit', 'locked', join(rig.home, 'first'));
    await expect.poll(async () => (await submit()).stdout, { timeout: 60_000 }).toContain('queued for round 1');
    expect((await keyed.run('stop', 'locked', '--now')).code).toBe(0);
    expect((await keyed.run('watch', 'locked', '--interval', '100ms')).code).toBe(5);
    await stop();
  });

  it('can be a loop that began without it', async () => {
    const plain = place({});
    const stopPlain = await plain.work();
    expect((await plain.run('start', await specFile('plain'))).code).toBe(0);
    expect((await plain.run('submit', 'plain', join(rig.home, 'first'))).code).toBe(0);
    await expect
      .poll(async () => (await plain.run('status', 'plain')).stdout, { timeout: 60_000 })
      .toContain('round 2');
    // Without keys everything can be read: what the tests above look for is really there to be found.
    expect(await plantedIn('plain')).toEqual(['felis-margarita', 'Project Nightjar']);
    await stopPlain();

    const encrypted = place(keysOf({ summer }));
    const stop = await encrypted.work();
    expect((await encrypted.run('submit', 'plain', join(rig.home, 'second'))).code).toBe(0);
    expect((await encrypted.run('watch', 'plain', '--interval', '100ms')).code).toBe(6);
    expect((await historyBytes(rig.env.client, 'plain')).includes('summer')).toBe(true);
    await stop();
  });
});
