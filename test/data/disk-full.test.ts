import type * as FileSystem from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DiskFullError, FolderUnusableError } from '../../data/errors.ts';
import { sha256Of } from '../../data/hash.ts';
import { loopFolder, put, temporaryFolder } from './fixtures.ts';

/** The step of a write that the disk refuses, and how. */
const disk = vi.hoisted(() => ({ refuses: '', code: 'ENOSPC', unreadable: '' }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>();
  const refuse = () => {
    throw Object.assign(new Error('the disk refuses'), { code: disk.code });
  };
  return {
    ...real,
    mkdir: async (...args: Parameters<typeof real.mkdir>) =>
      disk.refuses === 'mkdir' ? refuse() : real.mkdir(...args),
    link: async (...args: Parameters<typeof real.link>) => (disk.refuses === 'link' ? refuse() : real.link(...args)),
    rename: async (...args: Parameters<typeof real.rename>) =>
      disk.refuses === 'rename' ? refuse() : real.rename(...args),
    access: async (...args: Parameters<typeof real.access>) =>
      args[0] === disk.unreadable ? refuse() : real.access(...args),
    copyFile: async (...args: Parameters<typeof real.copyFile>) => {
      await real.copyFile(...args);
      if (disk.refuses === 'copy') refuse();
    },
    open: async (...args: Parameters<typeof real.open>) => {
      const file = await real.open(...args);
      if (disk.refuses === 'write') {
        file.writeFile = async () => {
          await file.write('half');
          refuse();
        };
      }
      if (disk.refuses === 'sync') file.sync = async () => refuse();
      return file;
    },
  };
});

afterEach(() => {
  Object.assign(disk, { refuses: '', code: 'ENOSPC', unreadable: '' });
});

describe('a full disk', () => {
  it.each([
    ['write', 'ENOSPC'],
    ['write', 'EDQUOT'],
    ['sync', 'ENOSPC'],
    ['mkdir', 'ENOSPC'],
    ['link', 'ENOSPC'],
  ])('ends a write with one clear error and leaves nothing half written (%s, %s)', async (refuses, code) => {
    const folder = await loopFolder();
    await folder.writeOnce('rounds/before.json', '{}');
    Object.assign(disk, { refuses, code });
    await expect(folder.writeOnce('rounds/1.json', 'content')).rejects.toThrow(DiskFullError);
    expect(await readdir(join(folder.path, 'rounds'))).toEqual(['before.json']);
    disk.refuses = '';
    await folder.writeOnce('rounds/1.json', 'content');
  });

  it('leaves the old report when the new one does not fit', async () => {
    const folder = await loopFolder();
    const old = await folder.replace('report.html', 'old');
    for (const refuses of ['write', 'rename']) {
      disk.refuses = refuses;
      await expect(folder.replace('report.html', 'new')).rejects.toThrow(DiskFullError);
    }
    expect((await folder.read(old)).toString()).toBe('old');
    expect(await readdir(folder.path)).toEqual(['report.html']);
  });

  it.each(['copy', 'sync', 'link'])('leaves no half-copied image (%s)', async (refuses) => {
    const folder = await loopFolder();
    const source = await put(await temporaryFolder(), 'a.png', 'bytes');
    disk.refuses = refuses;
    await folder.storeImage(source, { sha256: sha256Of('bytes'), ext: 'png' }).then(
      () => expect.unreachable(),
      (error) =>
        expect(error).toMatchObject({ code: 'DiskFull', message: expect.stringContaining('no space is left') }),
    );
    disk.refuses = '';
    expect((await readdir(folder.path, { recursive: true })).filter((file) => file.includes('.'))).toEqual([]);
    expect(await folder.storeImage(source, { sha256: sha256Of('bytes'), ext: 'png' })).toBe(`${sha256Of('bytes')}.png`);
  });

  it('needs no space to find that the same bytes are there already', async () => {
    const folder = await loopFolder();
    const ref = await folder.writeOnce('a.json', 'same');
    disk.refuses = 'write';
    expect(await folder.writeOnce('a.json', 'same')).toEqual(ref);
  });
});

describe('a folder that the system refuses', () => {
  it.each([
    ['EACCES', 'may not be read or written by this user'],
    ['EPERM', 'may not be changed'],
    ['EROFS', 'mounted read-only'],
    ['EIO', 'the disk fails'],
  ])('is told with what to do, and nothing is half written (%s)', async (code, words) => {
    const folder = await loopFolder();
    Object.assign(disk, { refuses: 'write', code });
    await expect(folder.writeOnce('a.json', 'content')).rejects.toThrow(FolderUnusableError);
    await expect(folder.writeOnce('a.json', 'content')).rejects.toThrow(words);
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is not blamed for a source that cannot be read', async () => {
    const folder = await loopFolder();
    const source = await put(await temporaryFolder(), 'a.png', 'bytes');
    disk.refuses = 'copy';
    disk.code = 'EACCES';
    const name = { sha256: sha256Of('bytes'), ext: 'png' };
    await expect(folder.storeImage(source, name)).rejects.toThrow(FolderUnusableError);
    disk.unreadable = source;
    await expect(folder.storeImage(source, name)).rejects.toMatchObject({ code: 'SourceUnreadable' });
  });
});
