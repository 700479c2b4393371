import { spawnSync } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DiskFullError, FolderUnusableError } from '../../data/errors.ts';
import { sha256Of } from '../../data/hash.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { put, temporaryFolder } from './fixtures.ts';

const home = await temporaryFolder();
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', home], { encoding: 'utf8' });
const reason = mounted.status === 0 ? '' : ` – skipped: ${(mounted.stderr || 'no mount').trim()}`;

afterAll(() => {
  if (mounted.status === 0) spawnSync('umount', [home]);
});

describe.skipIf(mounted.status !== 0)(`a disk of 256 KiB${reason}`, () => {
  it('takes what fits, says when it is full, keeps nothing half written, and goes on once there is space', async () => {
    const folder = LoopFolder.at(home, 'small');
    await folder.create();
    const block = 'x'.repeat(70_000);
    for (let n = 1; n <= 3; n += 1) await folder.writeOnce(`${n}.json`, `${n}${block}`);
    const before = (await readdir(folder.path)).toSorted();
    await expect(folder.writeOnce('4.json', `4${block}`)).rejects.toThrow(DiskFullError);
    const source = await put(await temporaryFolder(), 'a.png', block);
    const name = { sha256: sha256Of(block), ext: 'png' };
    await expect(folder.storeImage(source, name)).rejects.toThrow(DiskFullError);
    const left = await readdir(folder.path, { recursive: true });
    expect(left.filter((file) => file !== 'images').toSorted()).toEqual(before);
    await folder.discard('1.json');
    await folder.storeImage(source, name);
    expect((await stat(join(folder.path, 'images', `${name.sha256}.png`))).size).toBe(block.length);
  });

  it('that is mounted read-only takes nothing more, says so, and can still be read', async () => {
    const folder = LoopFolder.at(home, 'small');
    await folder.create();
    const ref = await folder.writeOnce('before.json', '{}');
    spawnSync('mount', ['-o', 'remount,ro', home]);
    const write = folder.writeOnce('after.json', '{}');
    await expect(write).rejects.toThrow(FolderUnusableError);
    await expect(write).rejects.toThrow(/after\.json is on a file system that is mounted read-only \(EROFS\)/);
    expect((await folder.read(ref)).toString()).toBe('{}');
    spawnSync('mount', ['-o', 'remount,rw', home]);
    await folder.writeOnce('after.json', '{}');
  });
});
