import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collectorFor } from '../../collect/collectors.ts';
import { FolderMissingError, SourceUnreadableError } from '../../data/errors.ts';
import { freezeEvaluationSet, readEvaluationSet } from '../../data/evaluation-set.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { codes, imageFolder, picture, put, QUOTAS, temporaryFolder } from '../data/fixtures.ts';
import { contextOf, freeze, poolContext, poolOf } from './fixtures.ts';

describe('preparing a pool', () => {
  it('freezes the hashes of its files and says how many images there are', async () => {
    const notes: string[] = [];
    const ctx = {
      ...(await poolContext(await poolOf({ cat: 3, dog: 2 }))),
      heartbeat: (note: string) => void notes.push(note),
    };
    const prepared = await collectorFor(ctx.spec).prepare(ctx);
    expect(prepared).toEqual({ classes: ['cat', 'dog'], available: { cat: 3, dog: 2 }, findings: [] });
    expect(notes.at(-1)).toBe('hashed 5 of 5 images of the pool');
    const pool = JSON.parse(await readFile(ctx.folder.resolve('pool.json'), 'utf8'));
    expect(pool.images.map((image: { name: string }) => image.name)).toEqual([
      'cat/0.png',
      'cat/1.png',
      'cat/2.png',
      'dog/0.png',
      'dog/1.png',
    ]);
  });

  it('stays as it was frozen, whatever is added to or taken from the pool later', async () => {
    const path = await poolOf({ cat: 3, dog: 2 });
    const ctx = await poolContext(path);
    const first = await collectorFor(ctx.spec).prepare(ctx);
    await put(path, 'cat/new.png', await picture(99));
    await rm(join(path, 'dog/0.png'));
    expect(await collectorFor(ctx.spec).prepare(ctx)).toEqual(first);
  });

  it('keeps an image that stands there twice once, and leaves out what is no image', async () => {
    const path = await imageFolder({ 'cat/a.png': 1, 'cat/copy.png': 1, 'dog/b.png': 2 });
    await put(path, 'dog/empty.png', '');
    await put(path, 'dog/text.png', 'text');
    await put(path, 'dog/large.png', Buffer.alloc(QUOTAS.maxImageBytes + 1));
    const ctx = await poolContext(path);
    const { available, findings } = await collectorFor(ctx.spec).prepare(ctx);
    expect(available).toEqual({ cat: 1, dog: 1 });
    expect(findings.every((finding) => finding.severity === 'warning')).toBe(true);
    expect(codes(findings).sort()).toEqual(['duplicate-exact', 'image-corrupt', 'image-too-large', 'image-type']);
  });

  it('refuses a pool that overlaps the evaluation set, naming both files, and freezes neither', async () => {
    const path = await imageFolder({ 'cat/a.png': 1, 'cat/b.png': 2, 'dog/c.png': 3 });
    const ctx = await poolContext(path);
    await freeze(ctx.folder, { 'cat/holiday.png': 1, 'dog/d.png': 4 });
    const { findings } = await collectorFor(ctx.spec).prepare(ctx);
    expect(findings).toMatchObject([{ severity: 'error', code: 'leak-exact', where: 'cat/a.png' }]);
    expect(findings[0]?.message).toContain('cat/holiday.png of the evaluation set');
    expect(await ctx.folder.readJson('pool.json')).toBeUndefined();
    expect(await readEvaluationSet(ctx.folder)).toEqual([]);
    await rm(join(path, 'cat/a.png'));
    await freeze(ctx.folder, { 'cat/holiday.png': 1, 'dog/d.png': 4 });
    expect((await collectorFor(ctx.spec).prepare(ctx)).findings).toEqual([]);
  });

  it('refuses groups on both sides of the split, classes on one side, and one image under two classes, in one pass', async () => {
    const path = await imageFolder({
      'cat/a.png': 1,
      'cat/b.png': 2,
      'dog/c.png': 3,
      'dog/a again.png': 1,
      'fox/f.png': 5,
    });
    await put(path, 'groups.csv', 'file,group\ncat/a.png,film\ncat/b.png,film\n');
    const ctx = await poolContext(path);
    const evaluation = await imageFolder({ 'cat/e.png': 7, 'dog/f.png': 8, 'owl/o.png': 9 });
    await put(evaluation, 'groups.csv', 'file,group\ncat/e.png,film\n');
    await freezeEvaluationSet(ctx.folder, { path: evaluation, quotas: QUOTAS });
    const { findings } = await collectorFor(ctx.spec).prepare(ctx);
    expect(findings.map(({ severity, code, where }) => `${severity} ${code} ${where}`).sort()).toEqual([
      'error class-mismatch fox',
      'error class-mismatch owl',
      'error duplicate-label-conflict dog/a again.png',
      'error group-leak cat/a.png',
    ]);
  });

  it('refuses a class that can never be trained', async () => {
    const path = await imageFolder({ 'cat/a.png': 1, 'cat/b.png': 2, 'dog/c.png': 3, 'dog/copy.png': 3 });
    const ctx = await contextOf({ collector: { kind: 'pool', path } }, { quotas: { ...QUOTAS, minImagesPerClass: 2 } });
    const { findings } = await collectorFor(ctx.spec).prepare(ctx);
    expect(findings.filter(({ severity }) => severity === 'error')).toMatchObject([
      { code: 'class-too-small', where: 'dog' },
    ]);
  });

  it('takes only the classes that the spec names', async () => {
    const ctx = await poolContext(await poolOf({ cat: 2, dog: 2, fox: 2 }), { classes: ['fox', 'cat'] });
    const { classes, available, findings } = await collectorFor(ctx.spec).prepare(ctx);
    expect(classes).toEqual(['fox', 'cat']);
    expect(available).toEqual({ fox: 2, cat: 2 });
    expect(findings).toMatchObject([{ severity: 'warning', code: 'class-left-out', where: 'dog' }]);
  });

  it('says when the pool cannot be read or the loop’s folder is not there', async () => {
    const missing = await poolContext(join(await temporaryFolder(), 'none'));
    await expect(collectorFor(missing.spec).prepare(missing)).rejects.toThrow(SourceUnreadableError);
    const coco = {
      images: [{ id: 1, file_name: 'gone.png' }],
      annotations: [{ image_id: 1, category_id: 1 }],
      categories: [{ id: 1, name: 'a' }],
    };
    const ctx = await poolContext(await put(await temporaryFolder(), 'pool.json', JSON.stringify(coco)));
    await expect(collectorFor(ctx.spec).prepare(ctx)).rejects.toThrow(/not one of its 1 images can be opened/);
    const nowhere = { ...ctx, folder: LoopFolder.at(await temporaryFolder(), 'none') };
    await expect(collectorFor(ctx.spec).prepare(nowhere)).rejects.toThrow(FolderMissingError);
  });

  it('stops when told to and leaves nothing behind', async () => {
    const ctx = await poolContext(await poolOf({ cat: 2, dog: 2 }));
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(collectorFor(ctx.spec).prepare({ ...ctx, signal })).rejects.toThrow('stopped');
    expect(await readdir(ctx.folder.path)).toEqual([]);
  });

  it('does not take a damaged listing for a pool', async () => {
    const ctx = await poolContext(await poolOf({ cat: 2, dog: 2 }));
    await writeFile(ctx.folder.resolve('pool.json'), '{"schemaVersion":1}');
    await expect(collectorFor(ctx.spec).prepare(ctx)).rejects.toMatchObject({ code: 'FolderConflict' });
  });
});
