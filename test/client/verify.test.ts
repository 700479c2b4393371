import { spawnSync } from 'node:child_process';
import { chmod, cp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyBatch } from '../../collect/submit.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { temporaryFor } from '../../data/temporaries.ts';
import { resolve, submitImages } from '../../workflows/messages.ts';
import { imageFolder } from '../support/images.ts';
import type { FaultyProxy } from '../support/proxy.ts';
import { type Rig, start } from '../support/rig.ts';
import { type Sources, troubledRig } from '../support/sources.ts';
import { until } from '../support/watching.ts';
import { inProcess } from './run-cli.ts';

let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;
let close: () => Promise<void>;
const taskQueue = 'verify';
const CLASSES = ['red', 'green', 'blue'];

beforeAll(async () => {
  ({ rig, proxy, sources, close } = await troubledRig(taskQueue));
  const pool = await start(rig, {
    taskQueue,
    spec: { name: 'pool', ...sources, imagesPerClass: 8, target: 1, claim: 'lower-bound', caps: { rounds: 2 } },
  });
  const people = await start(rig, {
    taskQueue,
    spec: {
      name: 'people',
      classes: CLASSES,
      collector: { kind: 'people' },
      evaluation: sources.evaluation,
      policy: 'thresholds',
      imagesPerClass: 2,
      caps: { rounds: 1 },
    },
  });
  await until(people.handle, ({ phase }) => phase === 'collecting');
  const given = await imageFolder(join(rig.home, 'given'), { perClass: 3, firstSeed: 7000 });
  const { manifest, counts } = await copyBatch(people.folder, given, { classes: CLASSES });
  await people.handle.executeUpdate(submitImages, { args: [{ manifest, counts, by: 'a tester' }] });
  await Promise.all([pool.handle.result(), people.handle.result()]);
}, 90_000);

afterAll(() => close());

// biome-ignore lint/suspicious/noExplicitAny: files are edited as an editor would, without their types.
type Json = Record<string, any>;

interface Document {
  passed: boolean;
  files: number;
  images: number;
  troubles: { file: string; what: string; why: string; fix: string }[];
  notes: string[];
}

async function verify(loop: string, home = rig.home): Promise<Document & { code: number | null }> {
  const { code, stdout } = await inProcess(['verify', loop, '--json'], { home });
  return { ...(JSON.parse(stdout) as Document), code };
}

const told = ({ troubles }: Document) => troubles.map(({ file }) => file);

/** Every file of a loop's folder, one of each kind where there are many alike. */
async function kinds(folder: LoopFolder): Promise<string[]> {
  const entries = await readdir(folder.path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name).slice(folder.path.length + 1));
  return [...new Map(files.map((file) => [file.replaceAll(/[0-9a-f]{64}/g, '#'), file])).values()].sort();
}

async function flip(path: string, at: number): Promise<Buffer> {
  const before = await readFile(path);
  const after = Buffer.from(before);
  after[at] = (after[at] ?? 0) ^ 1;
  await writeFile(path, after);
  return before;
}

describe('deltaloop verify', () => {
  it.each(['pool', 'people'])('finds nothing wrong with a loop as it ended (%s)', async (loop) => {
    const verified = await verify(loop);
    expect(verified).toMatchObject({ code: 0, passed: true, troubles: [], notes: [] });
    expect(verified.images).toBeGreaterThan(30);
    const { stdout, stderr, code } = await inProcess(['verify', loop], { home: rig.home });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^All is well: loop \w+, \d+ files \(\d+ images\), \d+\.\d kB\.\n$/);
    expect(stderr).toBe('');
  });

  it.each(['pool', 'people'])(
    'names exactly the file in which one byte was flipped, whatever its kind (%s)',
    async (loop) => {
      // A copy: in the loop's own folder an image and its hand-in are one file under two names.
      const home = await copyOfHome(loop);
      const folder = LoopFolder.at(home, loop);
      const files = await kinds(folder);
      expect(files.length).toBeGreaterThan(15);
      for (const file of files) {
        const path = folder.resolve(file);
        const { size } = await stat(path);
        for (const at of [0, Math.floor(size / 2), Math.floor(size / 3), size - 1]) {
          const before = await flip(path, at);
          const verified = await verify(loop, home);
          await writeFile(path, before);
          expect(told(verified), `${file} at ${at}`).toEqual([file]);
          expect(verified.code).toBe(7);
        }
      }
    },
    120_000,
  );

  it.skipIf(spawnSync('sha256sum', ['--version']).status !== 0)(
    'leaves hashes that sha256sum checks, too',
    async () => {
      const cwd = LoopFolder.at(await copyOfHome(), 'pool').path;
      const check = () => spawnSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd, encoding: 'utf8' });
      expect(check()).toMatchObject({ status: 0, stdout: '', stderr: '' });
      await flip(join(cwd, 'report.html'), 9);
      expect(check()).toMatchObject({ status: 1, stdout: 'report.html: FAILED\n' });
    },
  );

  it('names every file that is gone, one after another and all in one pass', async () => {
    const home = await copyOfHome();
    const folder = LoopFolder.at(home, 'pool');
    const [image = ''] = await readdir(folder.resolve('images'));
    const gone = [
      'evaluation/set.json',
      `images/${image}`,
      'rounds/1/decision.json',
      'rounds/2/draw.json',
      'spec.json',
    ];
    for (const file of gone) await rm(folder.resolve(file));
    const verified = await verify('pool', home);
    expect(told(verified)).toEqual(gone);
    for (const { what, why, fix } of verified.troubles)
      expect([what, why, fix].every((text) => text.length > 0)).toBe(true);
    const { stdout, code } = await inProcess(['verify', 'pool'], { home });
    expect(code).toBe(7);
    expect(stdout).toContain('5 differences in loop pool');
    expect(stdout).toContain('rounds/2/draw.json is missing');
  });

  it('tells modes that let others in, links, files it does not know, and what cut-off writes left', async () => {
    const home = await copyOfHome();
    const folder = LoopFolder.at(home, 'pool');
    await chmod(folder.resolve('spec.json'), 0o644);
    await chmod(folder.resolve('rounds'), 0o750);
    await symlink('/etc/hostname', folder.resolve('link.json'));
    await writeFile(folder.resolve('notes.txt'), 'mine', { mode: 0o600 });
    await writeFile(temporaryFor(folder.resolve('rounds/1/draw.json')), 'half', { mode: 0o600 });
    const verified = await verify('pool', home);
    expect(told(verified)).toEqual(['link.json', 'rounds', 'spec.json']);
    expect(verified.troubles[1]).toMatchObject({
      what: expect.stringContaining('0750'),
      fix: `Type: chmod -R go= ${folder.path}`,
    });
    expect(verified.notes).toEqual([
      expect.stringContaining('1 temporary file of writes under way'),
      expect.stringContaining('notes.txt'),
    ]);
    const { code } = await inProcess(['verify', 'pool', '--sweep'], { home });
    expect(code).toBe(7);
    expect((await readdir(folder.resolve('rounds/1'))).filter((file) => file.endsWith('.tmp'))).toHaveLength(1);
  });

  it('finds the folder of a loop where somebody moved it, behind a link, and a home behind a link', async () => {
    const home = await copyOfHome();
    const { path } = LoopFolder.at(home, 'pool');
    await rename(path, join(home, 'larger-disk'));
    await symlink(join(home, 'larger-disk'), path);
    expect(await verify('pool', home)).toMatchObject({ code: 0, troubles: [], notes: [] });
    const link = `${home}-link`;
    await symlink(home, link);
    expect(await verify('pool', link)).toMatchObject({ code: 0, troubles: [], notes: [] });
    await rm(link);
  });

  it('takes a round in progress for no difference, and still sees a wrong byte', async () => {
    proxy.rule(({ method, path }) =>
      method === 'PUT' && path.includes('/models/running-r2') ? { status: 401, code: 'no' } : null,
    );
    const spec = {
      name: 'running',
      ...sources,
      imagesPerClass: 2,
      target: 1,
      claim: 'lower-bound' as const,
      caps: { rounds: 2 },
    };
    const { handle, folder } = await start(rig, { taskQueue, spec: { ...spec, policy: 'thresholds' } });
    await until(handle, ({ phase, round }) => phase === 'needs-attention' && round === 2);
    expect(await verify('running')).toMatchObject({ code: 0, troubles: [], ended: false });
    const [image = ''] = await readdir(folder.resolve('images'));
    for (const file of [`images/${image}`, 'rounds/1/coco.json']) {
      const before = await flip(folder.resolve(file), 20);
      expect(told(await verify('running'))).toEqual([file]);
      await writeFile(folder.resolve(file), before);
    }
    proxy.rule(null);
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    await handle.result();
    expect(await verify('running')).toMatchObject({ code: 0, ended: true });
  });

  it.each([
    ['rounds/2/draw.json', 'round 1 drew already', (draw: Json, { first }: Json) => draw['images'].push(first)],
    [
      'rounds/1/decision.json',
      'other sentence',
      ({ decision }: Json) => Object.assign(decision, { sentence: 'Because.' }),
    ],
    ['rounds/2/record.json', 'gain', (row: Json) => Object.assign(row, { gain: 0.5 })],
    ['rounds/1/record.json', 'counts 5 images', (row: Json) => Object.assign(row, { images: 5 })],
    ['outcome.json', 'recommends other', ({ recommended }: Json) => Object.assign(recommended, { model: 'other' })],
    ['spec.json', 'another hash', (spec: Json) => Object.assign(spec, { margin: 0.2 })],
    [
      'evaluation/set.json',
      'of the evaluation set',
      ({ images }: Json, { first }: Json) => Object.assign(images[0], { pixelSha256: first['pixelSha256'] }),
    ],
    ['rounds/2/coco.json', 'does not list the images', ({ images }: Json) => images.pop()],
    [
      'rounds/1/subset-50/coco.json',
      'does not list the images',
      ({ annotations }: Json) => Object.assign(annotations[0], { category_id: (annotations[0].category_id % 3) + 1 }),
    ],
  ])('sees by the other files alone that %s was edited (“%s”)', async (file, words, edit) => {
    const home = await copyOfHome();
    const folder = LoopFolder.at(home, 'pool');
    await rm(folder.resolve('SHA256SUMS'));
    const draw = (await folder.readJson('rounds/1/draw.json')) as Json;
    const content = (await folder.readJson(file)) as Json;
    edit(content, { first: draw['images'][0] });
    await folder.replace(file, JSON.stringify(content));
    const { code, troubles, notes } = await verify('pool', home);
    expect(code).toBe(7);
    expect(troubles.map(({ what }) => what).join('; ')).toContain(words);
    expect(notes.join()).toContain('before hashes of all files were recorded');
  });

  it('says which loop it does not find', async () => {
    const { code, stderr } = await inProcess(['verify', 'pol'], { home: rig.home });
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean pool?');
  });
});

async function copyOfHome(loop = 'pool'): Promise<string> {
  const home = join(rig.home, `copy-${crypto.randomUUID()}`);
  await cp(join(rig.home, 'loops', loop), join(home, 'loops', loop), { recursive: true });
  return home;
}
