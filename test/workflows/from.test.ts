import { copyFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { RoundDrawSchema, TrainingFileSchema } from '../../loop/files.ts';
import type { LoopResult } from '../../loop/outcome.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { resolve } from '../../workflows/messages.ts';
import { inProcess } from '../client/run-cli.ts';
import { imageFolder } from '../support/images.ts';
import { createRig, type LoopHandle, type Rig, start } from '../support/rig.ts';
import { billed } from '../support/service-records.ts';
import { imageSources, type Sources } from '../support/sources.ts';
import { smallSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

const taskQueue = 'from';
let rig: Rig;
let sources: Sources;
let fresh: string;
let first: LoopResult;
let stopWorkers: () => Promise<void>;

beforeAll(async () => {
  rig = await createRig();
  sources = await imageSources(rig, { pool: 12, evaluation: 10 });
  fresh = await imageFolder(join(rig.home, 'sources/fresh'), { perClass: 8, firstSeed: 5000 });
  stopWorkers = await rig.work(taskQueue);
  first = await (await start(rig, { taskQueue, spec: spec('first', { caps: { rounds: 2 } }) })).handle.result();
});

afterAll(async () => {
  await stopWorkers();
  await rig.teardown();
});

const spec = (name: string, more: Partial<LoopSpecInput> = {}) => smallSpec(name, sources, { patience: 9, ...more });

/** `deltaloop start SPEC --from LOOP`, as a person types it. */
async function startFrom(origin: string, document: LoopSpecInput) {
  const path = join(rig.home, `${document.name}.yaml`);
  await writeFile(path, stringify(document));
  const env = { TEMPORAL_ADDRESS: rig.env.address, DELTALOOP_TASK_QUEUE: taskQueue };
  return inProcess(['start', path, '--from', origin], { home: rig.home, env });
}

const handleOf = (name: string) => rig.env.client.workflow.getHandle(name) as LoopHandle;

async function drawOf(loop: string, round: number): Promise<string[]> {
  const draw = await rig.folder(loop).readRecord(`rounds/${round}/draw.json`, RoundDrawSchema);
  return (draw?.images ?? []).map(({ sha256 }) => sha256).sort();
}

describe('a loop that is started from another one', () => {
  it('owns its images from round 1 as links, trains once on them, and never draws them again', async () => {
    const started = await startFrom(
      'first',
      spec('second', { evaluation: { path: fresh }, policy: 'forecast', caps: { rounds: 2 } }),
    );
    expect(started.stderr.replaceAll('\n', ' ')).toContain('takes over every image that loop first trained on');
    const result = await handleOf('second').result();
    expect(result).toMatchObject({ outcome: 'round-limit', rounds: 2 });
    const owned = [...(await drawOf('first', 1)), ...(await drawOf('first', 2))].sort();
    expect(owned).toHaveLength(first.images);
    expect(await drawOf('second', 1)).toEqual(owned);
    const next = await drawOf('second', 2);
    expect(next.length).toBeGreaterThan(0);
    expect(next.filter((image) => owned.includes(image))).toEqual([]);
    const verified = await inProcess(['verify', 'second', '--json'], { home: rig.home });
    expect(JSON.parse(verified.stdout)).toMatchObject({ passed: true, troubles: [], notes: [] });
    const names = (await billed(rig, 'second')).map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('second-r1-'))).toHaveLength(1);
    const [file = ''] = await readdir(rig.folder('first').resolve('images'));
    const inodes = await Promise.all(
      ['first', 'second'].map((loop) => stat(rig.folder(loop).resolve(`images/${file}`))),
    );
    expect(inodes[0]?.ino).toBe(inodes[1]?.ino);
    expect(await rig.folder('second').readRecord('rounds/1/training-1.json', TrainingFileSchema)).toMatchObject({
      status: 'succeeded',
    });
  });

  it('is the same loop only from the same origin', async () => {
    const again = await startFrom(
      'first',
      spec('second', { evaluation: { path: fresh }, policy: 'forecast', caps: { rounds: 2 } }),
    );
    expect(again.stdout).toContain('Loop second has ended');
    const other = await inProcess(['start', join(rig.home, 'second.yaml')], { home: rig.home });
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('--from: "first" → not set');
  });

  it('collects from people only what the service’s minimum lacks, and counts an image that it owns as handed in before', async () => {
    const people = { collector: { kind: 'people' as const, reminders: [] }, classes: ['red', 'green', 'blue'] };
    await startFrom('first', spec('third', people));
    await expect(handleOf('third').result()).resolves.toMatchObject({ outcome: 'round-limit', images: first.images });
    expect(await drawOf('third', 1)).toHaveLength(first.images);
  });

  it('is refused before anything is spent where an image stands in the new evaluation set, naming it, and goes on when that is mended', async () => {
    const leaking = await imageFolder(join(rig.home, 'sources/leaking'), { perClass: 8, firstSeed: 7000 });
    const [file = ''] = await drawOf('first', 1);
    const stored = (await readdir(rig.folder('first').resolve('images'))).find((name) => name.startsWith(file)) ?? '';
    await copyFile(rig.folder('first').resolve(`images/${stored}`), join(leaking, 'red', stored));
    await startFrom('first', spec('leaking', { evaluation: { path: leaking } }));
    const seen = await until(handleOf('leaking'), ({ phase }) => phase === 'needs-attention');
    expect(seen.attention).toMatchObject({ type: 'DatasetChecksFailed', step: 'prepare' });
    expect(seen.attention?.message).toMatch(new RegExp(`images/${stored} of loop first: .*leak-exact`));
    await rm(join(leaking, 'red', stored));
    await handleOf('leaking').executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    await expect(handleOf('leaking').result()).resolves.toMatchObject({ outcome: 'round-limit', images: first.images });
  });

  it('is refused by the command with everything that speaks against it', async () => {
    const wrong = await startFrom('first', spec('fourth', { caps: { images: 6 }, classes: ['red', 'green'] }));
    expect(wrong.code).toBe(2);
    expect(wrong.stderr.split('\n')).toEqual(
      expect.arrayContaining([expect.stringContaining(`  caps.images: 6 has no room for its ${first.images} images`)]),
    );
    const nobody = await startFrom('frist', spec('fifth'));
    expect(nobody).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean first?') });
  });
});
