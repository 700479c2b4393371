import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type * as DiskFault from '../../data/disk-fault.ts';
import { RoundDrawSchema } from '../../loop/files.ts';
import { resolve } from '../../workflows/messages.ts';
import { inProcess } from '../client/run-cli.ts';
import { imageFolder } from '../support/images.ts';
import { createRig, type Rig, type Started, start } from '../support/rig.ts';
import { imageSources, type Sources } from '../support/sources.ts';
import { smallSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

/** The disk becomes full when a file whose path ends so is about to be written; the file named by the variable makes it so. */
const trigger = vi.hoisted(() => ({ before: '', fault: '', readOnly: '' }));

vi.mock('../../data/disk-fault.ts', async (original) => {
  const real = await original<typeof DiskFault>();
  const { writeFileSync } = await import('node:fs');
  return {
    ...real,
    needsSpace: (call: string, path: string) => {
      if (trigger.before !== '' && path.endsWith(trigger.before)) writeFileSync(trigger.fault, '');
      if (trigger.readOnly !== '' && path.endsWith(trigger.readOnly))
        throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
      real.needsSpace(call, path);
    },
  };
});

let rig: Rig;
let sources: Sources;
let stopWorkers: () => Promise<void>;
const taskQueue = 'disk-full';

beforeAll(async () => {
  rig = await createRig();
  sources = await imageSources(rig, { pool: 12, evaluation: 10 });
  trigger.fault = join(rig.home, 'full');
  vi.stubEnv('DELTALOOP_FAULT_DISK_FULL_FILE', trigger.fault);
  stopWorkers = await rig.work(taskQueue);
});

afterEach(async () => {
  trigger.before = '';
  await rm(trigger.fault, { force: true });
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await stopWorkers();
  await rig.teardown();
});

function begin(name: string): Promise<Started> {
  return start(rig, { taskQueue, spec: smallSpec(name, sources, { patience: 9, caps: { rounds: 2 } }) });
}

const FILES = [1, 2].flatMap((n) =>
  ['draw', 'coco', 'verdicts-1', 'decision', 'record'].map((file) => `rounds/${n}/${file}.json`),
);

/** What a loop did, without what differs between two loops of different names. */
async function did({ folder, spec }: Started): Promise<Record<string, string>> {
  const mine = new RegExp(`${spec.name}(-r\\d+)-[0-9a-f]{12}`, 'g');
  const entries = FILES.map(async (file) => {
    const text = await readFile(folder.resolve(file), 'utf8');
    return [file, text.replace(mine, 'loop$1').replaceAll(`/loops/${spec.name}/`, '/loops/loop/')] as const;
  });
  const { endedAt: _endedAt, ...outcome } = JSON.parse(await readFile(folder.resolve('outcome.json'), 'utf8'));
  const ended = JSON.stringify(outcome).replace(mine, 'loop$1').replaceAll(`"${spec.name}"`, '"loop"');
  return { ...Object.fromEntries(await Promise.all(entries)), 'outcome.json': ended };
}

describe('a disk that is full for a while', () => {
  let undisturbed: Record<string, string>;

  beforeAll(async () => {
    const loop = await begin('undisturbed');
    await loop.handle.result();
    undisturbed = await did(loop);
    expect(RoundDrawSchema.parse(JSON.parse(undisturbed['rounds/2/draw.json'] ?? '')).images).not.toEqual([]);
  }, 60_000);

  it.each([
    ['prepare', 'evaluation/set.json', 0],
    ['collect', 'rounds/1/draw.json', 1],
    ['check', 'rounds/1/coco.json', 1],
    ['train', 'rounds/1/training-1.json', 1],
    ['evaluate', 'rounds/1/evaluation-1.json', 1],
    ['predict', 'rounds/1/predictions-1.jsonl', 1],
    ['predict', 'rounds/2/verdicts-1.json', 2],
    ['decide', 'rounds/1/decision.json', 1],
    ['decide', 'rounds/1/record.json', 1],
    ['collect', 'rounds/2/draw.json', 2],
    ['finish', 'report.html', 2],
    ['finish', 'outcome.json', 2],
  ])('makes the loop wait in %s (%s), and after `retry` it comes to the very same end', async (step, file, round) => {
    const name = `full-${file.replaceAll(/[^a-z0-9]+/g, '-')}`;
    trigger.before = file;
    const loop = await begin(name);
    const seen = await until(loop.handle, ({ phase, result }) => phase === 'needs-attention' || result !== null);
    expect(seen.attention).toMatchObject({ type: 'DiskFull', step });
    expect(seen.attention?.message).toContain('no space is left on the disk for');
    expect(seen.attention?.remedy).toContain('Free some space');
    expect(seen.round).toBe(round);
    await expect(access(loop.folder.resolve(file))).rejects.toThrow('ENOENT');
    trigger.before = '';
    await rm(trigger.fault);
    await loop.handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'a tester' }] });
    await loop.handle.result();
    expect(await did(loop)).toEqual(undisturbed);
  });

  it('asks again as often as it is answered too early', async () => {
    trigger.before = 'rounds/1/decision.json';
    const loop = await begin('too-early');
    const first = await until(loop.handle, ({ phase }) => phase === 'needs-attention');
    await loop.handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    const again = await until(
      loop.handle,
      ({ phase, attention }) => phase === 'needs-attention' && attention?.since !== first.attention?.since,
    );
    expect(again.attention).toMatchObject({ type: 'DiskFull', step: 'decide' });
    trigger.before = '';
    await rm(trigger.fault);
    await loop.handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    await loop.handle.result();
    expect(await did(loop)).toEqual(undisturbed);
  });

  it('stops a hand-in with what to free, and the same command later hands everything in', async () => {
    const classes = ['red', 'green', 'blue'];
    const collector = { kind: 'people' as const };
    const { evaluation } = sources;
    const spec = { name: 'hand-in', classes, collector, evaluation, imagesPerClass: 2, caps: { rounds: 1 } };
    const { handle, folder } = await start(rig, { taskQueue, spec });
    await until(handle, ({ phase }) => phase === 'collecting');
    const given = await imageFolder(join(rig.home, 'sources/given'), { perClass: 2, firstSeed: 5000 });
    const submit = () =>
      inProcess(['submit', 'hand-in', given], { home: rig.home, env: { TEMPORAL_ADDRESS: rig.env.address } });
    trigger.before = '.png';
    const refused = await submit();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`The disk of ${folder.path} is full`);
    expect(refused.stderr).toContain('Nothing is lost');
    expect(refused.stderr).toContain(`then type: deltaloop submit hand-in ${given}`);
    trigger.before = '';
    await rm(trigger.fault);
    expect(await submit()).toMatchObject({ code: 0, stdout: expect.stringContaining('6 images') });
    await expect(handle.result()).resolves.toMatchObject({ images: 6, rounds: 1 });
  });
});

describe('a folder that can no longer be written', () => {
  it('makes the loop wait and say why, and go on once it can', async () => {
    trigger.readOnly = 'rounds/1/decision.json';
    const { handle } = await begin('read-only');
    const seen = await until(handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.attention).toMatchObject({ type: 'FolderUnusable', step: 'decide' });
    expect(seen.attention?.message).toMatch(/rounds\/1\/decision\.json is on a file system that is mounted read-only/);
    trigger.readOnly = '';
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    await expect(handle.result()).resolves.toMatchObject({ rounds: 2 });
  });
});
