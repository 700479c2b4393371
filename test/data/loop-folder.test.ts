import { chmod, link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FolderConflictError, FolderMissingError, PathOutsideError } from '../../data/errors.ts';
import { sha256Of } from '../../data/hash.ts';
import { stableJson } from '../../data/json.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { loopFolder, put, temporaryFolder } from './fixtures.ts';

describe('the loop’s folder', () => {
  it('lies below the home under the loop’s name, and no name leads out of the home', async () => {
    const home = await temporaryFolder();
    expect(LoopFolder.at(home, 'cats-1').path).toBe(join(home, 'loops', 'cats-1'));
    for (const name of ['..', 'a/b', '', 'A', '../x']) expect(() => LoopFolder.at(home, name)).toThrow();
  });

  it('is readable for its owner alone', async () => {
    const folder = await loopFolder();
    await folder.writeOnce('rounds/1/draw.json', '{}');
    const source = await put(await temporaryFolder(), 'a.png', 'bytes');
    const file = await folder.storeImage(source, { sha256: sha256Of('bytes'), ext: 'png' });
    const modes = ['.', 'rounds/1', 'rounds/1/draw.json', 'images', `images/${file}`].map((each) =>
      join(folder.path, each),
    );
    const found = await Promise.all(modes.map(async (path) => (await stat(path)).mode & 0o777));
    expect(found).toEqual([0o700, 0o700, 0o600, 0o700, 0o600]);
  });

  it('says when it is not there, for a read, a write and an image', async () => {
    const folder = LoopFolder.at(await temporaryFolder(), 'none');
    expect(await folder.exists()).toBe(false);
    await expect(folder.writeOnce('a.json', '')).rejects.toThrow(FolderMissingError);
    await expect(folder.replace('a.json', '')).rejects.toThrow(FolderMissingError);
    const ref = { uri: pathToFileURL(join(folder.path, 'a.json')).href, sha256: sha256Of('') };
    await expect(folder.read(ref)).rejects.toThrow(FolderMissingError);
    await expect(folder.storeImage('/x', { sha256: sha256Of(''), ext: 'png' })).rejects.toThrow(FolderMissingError);
  });

  it('resolves no path out of itself', async () => {
    const folder = LoopFolder.at('/home/of', 'loop');
    for (const file of ['..', '../x', '/etc/passwd', 'a/../../x', '.', '', 'a\0b', '../loop-2/x']) {
      expect(() => folder.resolve(file), JSON.stringify(file)).toThrow(PathOutsideError);
    }
    expect(folder.resolve('a/../b')).toBe('/home/of/loops/loop/b');
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', 'a', '', '~', '%2e%2e')), (parts) => {
        const file = parts.join('/');
        try {
          expect(folder.resolve(file).startsWith(`${folder.path}/`)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(PathOutsideError);
        }
      }),
    );
  });
});

describe('writing once', () => {
  it('lets exactly one of many different writers win and accepts the same bytes again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 6 }), async (contents) => {
        const folder = await loopFolder();
        const tries = await Promise.allSettled(contents.map((content) => folder.writeOnce('deep/file', content)));
        const winner = await readFile(folder.resolve('deep/file'), 'utf8');
        tries.forEach((result, at) => {
          expect(result.status).toBe(contents[at] === winner ? 'fulfilled' : 'rejected');
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(FolderConflictError);
        });
        await expect(folder.writeOnce('deep/file', winner)).resolves.toMatchObject({ sha256: sha256Of(winner) });
        expect(await readdir(folder.resolve('deep'))).toEqual(['file']);
      }),
      { numRuns: 20 },
    );
  });

  it('leaves what is there as it is when another content should go there', async () => {
    const folder = await loopFolder();
    await folder.writeOnce('a.json', 'old');
    await expect(folder.writeOnce('a.json', 'new')).rejects.toThrow(/a\.json is there already with another content/);
    expect(await readFile(folder.resolve('a.json'), 'utf8')).toBe('old');
  });

  it('gives equal values equal bytes, whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(stableJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        expect(stableJson(reversed(value))).toBe(stableJson(value));
      }),
    );
  });

  it('replaces a derived file whole', async () => {
    const folder = await loopFolder();
    await folder.replace('report.html', 'long old text');
    const ref = await folder.replace('report.html', 'new');
    expect((await folder.read(ref)).toString()).toBe('new');
    expect(await readdir(folder.path)).toEqual(['report.html']);
  });
});

describe('reading', () => {
  it('gives undefined for a JSON file that is not there and refuses one that is damaged', async () => {
    const folder = await loopFolder();
    expect(await folder.readJson('a.json')).toBeUndefined();
    await writeFile(join(folder.path, 'a.json'), '{"half":');
    await expect(folder.readJson('a.json')).rejects.toThrow('a.json is not JSON');
    await writeFile(join(folder.path, 'a.json'), '{"n":"x"}');
    await expect(folder.readRecord('a.json', z.object({ n: z.number() }))).rejects.toThrow(FolderConflictError);
  });

  it('refuses a reference whose file changed, is missing, or lies outside', async () => {
    const folder = await loopFolder();
    const ref = await folder.writeJsonOnce('a.json', { n: 1 });
    expect(await folder.refTo('a.json')).toEqual(ref);
    await writeFile(join(folder.path, 'a.json'), '{}');
    await expect(folder.read(ref)).rejects.toThrow(/a\.json does not hold the bytes/);
    const missing = { ...ref, uri: ref.uri.replace('a.json', 'b.json') };
    await expect(folder.read(missing)).rejects.toThrow('b.json is missing');
    await expect(folder.refTo('b.json')).rejects.toThrow('b.json is missing');
    for (const uri of [
      'file:///etc/passwd',
      `${ref.uri}/../../../x`,
      'http://host/a.json',
      'file://host/x',
      'a.json',
    ]) {
      await expect(folder.read({ uri, sha256: ref.sha256 }), uri).rejects.toThrow(PathOutsideError);
    }
  });

  it('finds the file of a reference that was written below another home, and no other loop’s', async () => {
    const folder = await loopFolder();
    const { sha256 } = await folder.writeOnce('rounds/1/a b.json', '{}');
    const moved = { uri: 'file:///elsewhere/loops/old/loops/test-loop/rounds/1/a%20b.json', sha256 };
    expect((await folder.read(moved)).toString()).toBe('{}');
    for (const rest of ['loops/other/rounds/1/a%20b.json', 'loops/test-loop/..%2f..%2fx', 'loops/test-loop/'])
      await expect(folder.read({ uri: `file:///elsewhere/${rest}`, sha256 }), rest).rejects.toThrow(PathOutsideError);
    await expect(folder.read({ ...moved, sha256: sha256Of('x') })).rejects.toThrow('does not hold the bytes');
  });

  it('does not follow a symbolic link out of the folder', async () => {
    const folder = await loopFolder();
    const secret = await put(await temporaryFolder(), 'secret.txt', 'secret');
    await symlink(secret, join(folder.path, 'link.json'));
    const ref = { uri: pathToFileURL(join(folder.path, 'link.json')).href, sha256: sha256Of('secret') };
    await expect(folder.read(ref)).rejects.toThrow(PathOutsideError);
  });
});

describe('storing an image', () => {
  const name = { sha256: sha256Of('bytes'), ext: 'png' };

  it('keeps its own bytes when the source is edited in place, and takes a read-only source', async () => {
    const folder = await loopFolder();
    const source = await put(await temporaryFolder(), 'a.png', 'bytes');
    await chmod(source, 0o400);
    const file = await folder.storeImage(source, name);
    await chmod(source, 0o600);
    await writeFile(source, 'other');
    expect(await readFile(join(folder.path, 'images', file), 'utf8')).toBe('bytes');
    expect(await folder.storeImage(source, name)).toBe(file);
  });

  it('shares the bytes of an image that the folder has already', async () => {
    const folder = await loopFolder();
    const source = await put(await temporaryFolder(), 'a.png', 'bytes');
    const file = await folder.storeImage(source, name, 'inbox');
    await folder.storeImage(folder.resolve(`inbox/${file}`), name);
    const [inbox, image] = await Promise.all(['inbox', 'images'].map((each) => stat(join(folder.path, each, file))));
    expect(image?.ino).toBe(inbox?.ino);
  });

  it('stores nothing when the source does not hold the bytes of the name, or is gone', async () => {
    const folder = await loopFolder();
    const source = await put(await temporaryFolder(), 'a.png', 'other bytes');
    await expect(folder.storeImage(source, name)).rejects.toThrow(/changed while it was being copied/);
    await expect(folder.storeImage(`${source}.gone`, name)).rejects.toMatchObject({ code: 'SourceUnreadable' });
    expect(await readdir(join(folder.path, 'images'))).toEqual([]);
  });

  it('says when a stored image is damaged instead of trusting its name', async () => {
    const folder = await loopFolder();
    const source = await put(await temporaryFolder(), 'a.png', 'bytes');
    await mkdir(join(folder.path, 'images'));
    await link(await put(folder.path, 'damaged', 'byt'), join(folder.path, 'images', `${name.sha256}.png`));
    await expect(folder.storeImage(source, name)).rejects.toThrow(FolderConflictError);
  });

  it('makes a path from nothing but a hash and an extension', async () => {
    const folder = await loopFolder();
    await expect(folder.storeImage('/x', { sha256: '../x', ext: 'png' })).rejects.toThrow(RangeError);
    await expect(folder.storeImage('/x', { ...name, ext: '/../x' })).rejects.toThrow(RangeError);
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, each]) => [key, reversed(each)] as const)
      .toReversed(),
  );
}
