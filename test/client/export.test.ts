import { chmod, cp, lstat, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LoopFolder } from '../../data/loop-folder.ts';
import { type Rig, start } from '../support/rig.ts';
import { type Sources, troubledRig } from '../support/sources.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/watching.ts';
import { inProcess } from './run-cli.ts';

let rig: Rig;
let sources: Sources;
let close: () => Promise<void>;
/** An export of the loop `moved`, which has ended. */
let exported: string;

beforeAll(async () => {
  const troubled = await troubledRig('export');
  ({ rig, sources, close } = troubled);
  const spec = { ...sources, imagesPerClass: 8, target: 1, claim: 'lower-bound' as const, caps: { rounds: 2 } };
  const ended = await start(rig, { taskQueue: 'export', spec: { name: 'moved', ...spec } });
  troubled.proxy.rule(({ method, path }) =>
    method === 'PUT' && path.includes('/models/half-r2') ? { status: 401, code: 'no' } : null,
  );
  const half = await start(rig, { taskQueue: 'export', spec: { name: 'half', ...spec } });
  await until(half.handle, ({ phase, round }) => phase === 'needs-attention' && round === 2);
  await ended.handle.result();
  exported = join(await temporaryFolder(), 'moved.zip');
  expect(await run(['export', 'moved', exported])).toMatchObject({ code: 0 });
}, 90_000);

afterEach(() => vi.unstubAllEnvs());
afterAll(() => close());

/** Runs a command in a home, by default the rig's, where no server is to be asked. */
const run = (args: string[], home = rig.home) => inProcess(args, { home, env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } });

/** Every file below a folder with its content. */
async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  const read = files.map(async (file) => [file.slice(folder.length + 1), (await readFile(file)).toString('hex')]);
  return Object.fromEntries(await Promise.all(read)) as Record<string, string>;
}

describe('a loop that is exported and imported into another home', () => {
  it('is there byte for byte, for its owner alone, and every reading command says the same', async () => {
    const home = await temporaryFolder();
    const imported = await run(['import', exported], home);
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    expect(imported.stdout).toContain('Read it: deltaloop rounds moved');
    const folder = LoopFolder.at(home, 'moved');
    const { 'imported.json': mark, ...files } = await contents(folder.path);
    expect(mark).toBeDefined();
    expect(files).toEqual(await contents(rig.folder('moved').path));
    for (const [path, mode] of [
      ['.', 0o700],
      ['rounds/1', 0o700],
      ['spec.json', 0o600],
      ['imported.json', 0o600],
    ] as const)
      expect((await stat(join(folder.path, path))).mode & 0o777).toBe(mode);
    expect(await readdir(dirname(folder.path))).toEqual(['moved']);
    const verified = await run(['verify', 'moved'], home);
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('All is well') });
    for (const args of [
      ['rounds', 'moved', '--json'],
      ['explain', 'moved', '--all'],
      ['status', 'moved', '--check'],
      ['list', '--json'],
    ]) {
      const [here, there] = [await run(args), await run(args, home)];
      expect(there.code).toBe(here.code);
      if (args[0] === 'rounds' || args[0] === 'explain') expect(there.stdout).toBe(here.stdout);
    }
    expect((await run(['status', 'moved'], home)).stdout).toContain(folder.resolve('report.html'));
  });

  it('finds the files of references that were written where it ran', async () => {
    const home = await temporaryFolder();
    await run(['import', exported], home);
    const ref = await rig.folder('moved').refTo('rounds/1/coco.json');
    const there = await LoopFolder.at(home, 'moved').read(ref);
    expect(there.equals(await rig.folder('moved').read(ref))).toBe(true);
  });

  it('is read and not continued when it had not ended, and says so', async () => {
    const home = await temporaryFolder();
    const file = join(home, 'half.zip');
    const given = await run(['export', 'half', file]);
    expect(given).toMatchObject({ code: 0, stderr: expect.stringContaining('has not ended') });
    const taken = await run(['import', file], home);
    expect(taken).toMatchObject({ code: 0, stderr: expect.stringContaining('not continued') });
    expect(await run(['verify', 'half'], home)).toMatchObject({ code: 0 });
    expect((await run(['status', 'half'], home)).stdout).toContain('imported and is not continued here');
    expect((await run(['rounds', 'half'], home)).code).toBe(0);
    expect(JSON.parse((await run(['list', '--json'], home)).stdout).loops[0]).toMatchObject({ state: 'imported' });
    const spec = join(home, 'spec.json');
    await cp(rig.folder('half').resolve('spec.json'), spec);
    const started = await inProcess(['start', spec], { home, env: { TEMPORAL_ADDRESS: rig.env.address } });
    expect(started.code).toBe(2);
    expect(started.stderr).toMatch(/Loop half was imported .* is not continued here/);
    expect(started.stderr).toContain('another `name`');
  });

  it('prints its outcome at a `start` of the same spec when it had ended', async () => {
    const home = await temporaryFolder();
    await run(['import', exported], home);
    const spec = join(home, 'spec.json');
    await cp(rig.folder('moved').resolve('spec.json'), spec);
    const started = await run(['start', spec], home);
    expect(started.code).toBe((await run(['status', 'moved', '--check'])).code);
    expect(started.stdout + started.stderr).toContain('round');
  });
});

describe('deltaloop export', () => {
  it('never overwrites a file unless it is told to, and leaves nothing beside it', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'a.zip');
    await writeFile(file, 'mine');
    const refused = await run(['export', 'moved', file]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') });
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect(await run(['export', 'moved', file, '--force'])).toMatchObject({ code: 0 });
    expect((await lstat(file)).size).toBeGreaterThan(10_000);
    expect((await lstat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['a.zip']);
  });

  it('writes nothing to a full disk, and keeps the file that was there', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'a.zip');
    await writeFile(file, 'mine');
    const fault = join(await temporaryFolder(), 'full');
    await writeFile(fault, '');
    vi.stubEnv('DELTALOOP_FAULT_DISK_FULL_FILE', fault);
    const refused = await run(['export', 'moved', file, '--force']);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`no space is left on the disk for ${file}`),
    });
    expect(await contents(folder)).toEqual({ 'a.zip': Buffer.from('mine').toString('hex') });
    const home = await temporaryFolder();
    expect(await run(['import', exported], home)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no space'),
    });
    expect(await readdir(home, { recursive: true })).toEqual([]);
  });

  it('names what differs, exports it as it is, and ends with 7', async () => {
    const home = await temporaryFolder();
    await mkdir(join(home, 'loops'));
    await cp(rig.folder('moved').path, join(home, 'loops', 'moved'), { recursive: true });
    await rm(join(home, 'loops/moved/rounds/1/record.json'));
    await chmod(join(home, 'loops/moved/spec.json'), 0o644);
    const file = join(home, 'a.zip');
    const given = await run(['export', 'moved', file], home);
    expect(given).toMatchObject({ code: 7, stderr: expect.stringContaining('rounds/1/record.json') });
    const other = await temporaryFolder();
    expect(await run(['import', file], other)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('2 differences'),
    });
    // Modes are those of this home, whatever they were.
    expect(JSON.parse((await run(['verify', 'moved', '--json'], other)).stdout).troubles).toHaveLength(1);
  });

  it('says which loop, folder or place it cannot use', async () => {
    expect(await run(['export', 'none', join(await temporaryFolder(), 'a.zip')])).toMatchObject({ code: 2 });
    const nowhere = await run(['export', 'moved', '/nowhere/at/all.zip']);
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('does not exist') });
    const inside = await run(['export', 'moved', rig.folder('moved').resolve('a.zip')]);
    expect(inside).toMatchObject({ code: 2, stderr: expect.stringContaining('lies in the folder') });
  });
});
