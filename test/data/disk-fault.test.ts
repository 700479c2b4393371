import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createExclusive, fillFrom, fillWith, makeFolder, replaceWhole } from '../../data/durable.ts';
import { DiskFullError } from '../../data/errors.ts';
import { sha256Of } from '../../data/hash.ts';
import { openLineFile } from '../../data/line-file.ts';
import { loopFolder, put, temporaryFolder } from './fixtures.ts';

afterEach(() => vi.unstubAllEnvs());

/** A file that makes the disk full while it exists. */
async function faultFile(): Promise<string> {
  const file = join(await temporaryFolder(), 'full');
  vi.stubEnv('DELTALOOP_FAULT_DISK_FULL_FILE', file);
  return file;
}

describe('the fault point of the one file writer', () => {
  it('fails every kind of write as the system would, half-way, while the named file exists, and only then', async () => {
    const fault = await faultFile();
    const root = await temporaryFolder();
    const source = await put(root, 'source', 'twelve bytes');
    const writes = {
      makeFolder: () => makeFolder(join(root, 'new', 'folder')),
      create: () => createExclusive(join(root, 'created'), fillWith('content')),
      copy: () => createExclusive(join(root, 'copied'), fillFrom(source)),
      replace: () => replaceWhole(join(root, 'replaced'), fillWith('content')),
      link: () => createExclusive(join(root, 'linked'), async () => undefined),
    };
    await writeFile(fault, '');
    for (const [name, write] of Object.entries(writes))
      await expect(write(), name).rejects.toMatchObject({ code: 'ENOSPC', message: expect.stringContaining('ENOSPC') });
    expect(await readdir(root)).toEqual(['source']);
    await rm(fault);
    await writes.makeFolder();
    await writes.create();
    await writes.copy();
    await writes.replace();
    expect((await readdir(root)).toSorted()).toEqual(['copied', 'created', 'new', 'replaced', 'source']);
  });

  it.each([
    ['fillWith', (_source: string) => fillWith('twelve bytes')],
    ['fillFrom', (source: string) => fillFrom(source)],
  ])('has written some of the bytes before it fails (%s)', async (_name, fill) => {
    await writeFile(await faultFile(), '');
    const root = await temporaryFolder();
    const source = await put(root, 'source', 'twelve bytes');
    await expect(fill(source)(join(root, 'half'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await readFile(join(root, 'half'), 'utf8')).toBe('twelve');
    expect(await readFile(source, 'utf8')).toBe('twelve bytes');
  });

  it('needs no space for folders that are there, and none to read', async () => {
    const fault = await faultFile();
    const folder = await loopFolder();
    const ref = await folder.writeOnce('rounds/1.json', '{}');
    await writeFile(fault, '');
    expect(await folder.writeOnce('rounds/1.json', '{}')).toEqual(ref);
    await expect(folder.writeOnce('rounds/2.json', '{}')).rejects.toThrow(DiskFullError);
    const source = await put(await temporaryFolder(), 'a.png', 'bytes');
    await expect(folder.storeImage(source, { sha256: sha256Of('bytes'), ext: 'png' })).rejects.toThrow(DiskFullError);
  });

  it('does nothing without the variable, or with an empty one', async () => {
    vi.stubEnv('DELTALOOP_FAULT_DISK_FULL_FILE', '');
    await (await loopFolder()).writeOnce('a.json', '{}');
  });
});

describe('a file of lines', () => {
  it('loses the last line that a kill cut off, and nothing that is added after it', async () => {
    const path = await put(await temporaryFolder(), 'journal', 'first\nsecond\nthi');
    const file = await openLineFile(path);
    expect(file.lines).toEqual(['first', 'second']);
    file.add('third');
    await file.close();
    expect((await openLineFile(path)).lines).toEqual(['first', 'second', 'third']);
    expect(await readFile(path, 'utf8')).toBe('first\nsecond\nthird\n');
  });

  it('begins where there is none, and keeps letters of several bytes whole', async () => {
    const path = join(await temporaryFolder(), 'journal');
    const file = await openLineFile(path);
    file.add('Zürich – δ');
    await file.close();
    await writeFile(path, Buffer.concat([await readFile(path), Buffer.from('δ').subarray(0, 1)]));
    const again = await openLineFile(path);
    expect(again.lines).toEqual(['Zürich – δ']);
    await again.close();
  });

  it('says that the disk is full, and goes on later', async () => {
    const fault = await faultFile();
    const path = join(await temporaryFolder(), 'journal');
    const file = await openLineFile(path);
    file.add('one');
    await writeFile(fault, '');
    expect(() => file.add('two')).toThrow('ENOSPC');
    await file.close();
    await rm(fault);
    expect((await openLineFile(path)).lines).toEqual(['one']);
  });
});
