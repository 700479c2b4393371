import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createExclusive, fillWith } from '../../data/durable.ts';
import { sha256Of } from '../../data/hash.ts';
import { LoopFolder } from '../../data/loop-folder.ts';

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<typeof import('node:fs/promises')>()),
  // As exFAT answers within a folder, and Linux for a file on another disk.
  link: async (from: string, to: string) => {
    const code = dirname(from) === dirname(to) ? 'EPERM' : 'EXDEV';
    throw Object.assign(new Error(`${code}: link`), { code });
  },
}));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deltaloop-no-links-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('a file is created whole, and never over another one, where the file system knows no hard links', async () => {
  const path = join(folder, 'loop.zip');
  expect(await createExclusive(path, fillWith('first'))).toBe(true);
  expect(await createExclusive(path, fillWith('second'))).toBe(false);
  expect(await readFile(path, 'utf8')).toBe('first');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['loop.zip']);
});

it('an image of a neighbouring loop on another disk is copied', async () => {
  const [origin, next] = [LoopFolder.at(folder, 'origin'), LoopFolder.at(folder, 'next')];
  await origin.create();
  await next.create();
  const bytes = Buffer.from('pixels');
  const source = join(folder, 'source.png');
  await writeFile(source, bytes);
  const name = { sha256: sha256Of(bytes), ext: 'png' };
  const file = await origin.storeImage(source, name);
  expect(await next.storeImage(origin.resolve(`images/${file}`), name)).toBe(file);
  expect(await readFile(next.resolve(`images/${file}`))).toEqual(bytes);
});
