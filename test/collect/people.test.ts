import { readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitBatch } from '../../collect/admit.ts';
import type { CollectContext } from '../../collect/collector.ts';
import { collectorFor } from '../../collect/collectors.ts';
import { readDraw } from '../../collect/draw-file.ts';
import { waitingImages } from '../../collect/people-collector.ts';
import { copyBatch } from '../../collect/submit.ts';
import { FolderConflictError, FolderMissingError, PathOutsideError } from '../../data/errors.ts';
import { freezeEvaluationSet } from '../../data/evaluation-set.ts';
import { sha256Of } from '../../data/hash.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import type { ClassCounts } from '../../loop/round.ts';
import { codes, imageFolder, picture, put, QUOTAS, reencoded, temporaryFolder } from '../data/fixtures.ts';
import { freeze, peopleContext } from './fixtures.ts';

const classes = ['cat', 'dog'];

async function submit(ctx: CollectContext, sequence: number, files: Record<string, number>) {
  const { manifest } = await copyBatch(ctx.folder, await imageFolder(files), { classes: ctx.classes });
  return admitBatch(ctx, { sequence, manifest });
}

async function collect(ctx: CollectContext, request: { round: number; need: ClassCounts; admissions: number }) {
  return collectorFor(ctx.spec).collect(ctx, request);
}

describe('handing in a folder', () => {
  it('copies the good images, and names every bad one', async () => {
    const { folder } = await peopleContext();
    const dir = await imageFolder({
      'cat/a.png': 1,
      'cat/copy.png': 1,
      'cat/both.png': 3,
      'dog/both.png': 3,
      'dog/b.png': 2,
      'dgo/c.png': 4,
    });
    await put(dir, 'cat/text.png', 'text');
    await put(dir, 'dog/cut.png', (await picture(5)).subarray(0, 60));
    await symlink(await put(await temporaryFolder(), 'x.png', await picture(9)), join(dir, 'dog/link.png'));
    const { counts, findings } = await copyBatch(folder, dir, { classes });
    expect(counts).toEqual({ cat: 1, dog: 1 });
    expect(findings.map(({ code, where }) => `${code} ${where}`).sort()).toEqual([
      'class-unknown dgo',
      'duplicate-exact cat/copy.png',
      'duplicate-label-conflict dog/both.png',
      'image-corrupt dog/cut.png',
      'image-type cat/text.png',
      'link-outside dog/link.png',
    ]);
    expect(findings.find(({ code }) => code === 'class-unknown')?.message).toContain('Did you mean "dog"?');
    expect(await readdir(folder.resolve('inbox'))).toHaveLength(2);
  });

  it('gives the same manifest for the same images, wherever they lie', async () => {
    const { folder } = await peopleContext();
    const files = { 'cat/a.png': 1, 'dog/b.png': 2 };
    const dir = await imageFolder(files);
    const first = await copyBatch(folder, dir, { classes });
    expect(await copyBatch(folder, dir, { classes })).toEqual(first);
    expect(await copyBatch(folder, await imageFolder(files), { classes })).toEqual(first);
    expect(await readdir(folder.resolve('batches'))).toHaveLength(1);
  });

  it('keeps to the limits it is given', async () => {
    const { folder } = await peopleContext();
    const dir = await imageFolder({ 'cat/a.png': 1 });
    const { counts, findings } = await copyBatch(folder, dir, { classes, quotas: { ...QUOTAS, minSide: 9 } });
    expect(counts).toEqual({});
    expect(codes(findings)).toEqual(['image-side']);
  });

  it('says that the loop’s folder is not there before it reads anything', async () => {
    const folder = LoopFolder.at(await temporaryFolder(), 'none');
    await expect(copyBatch(folder, '/nowhere', { classes })).rejects.toThrow(FolderMissingError);
  });
});

describe('admitting a batch', () => {
  it('accepts new images, counts what it has already, and refuses what cannot be used', async () => {
    const ctx = await peopleContext();
    await freeze(ctx.folder, { 'cat/e.png': 50, 'dog/e.png': 51 });
    expect(await submit(ctx, 1, { 'cat/a.png': 1, 'dog/b.png': 2 })).toEqual({
      accepted: { cat: 1, dog: 1 },
      images: 2,
      duplicates: 0,
      refused: [],
    });
    const dir = await imageFolder({ 'cat/a.png': 1, 'cat/mine.png': 2, 'cat/leak.png': 50, 'dog/new.png': 3 });
    await put(dir, 'cat/pixels.png', await reencoded(await picture(1)));
    await put(dir, 'dog/pixels.png', await reencoded(await picture(51)));
    await put(dir, 'dog/wide.png', await picture(6, { width: 1001 }));
    const { manifest } = await copyBatch(ctx.folder, dir, { classes });
    const { accepted, duplicates, refused } = await admitBatch(ctx, { sequence: 2, manifest });
    expect(accepted).toEqual({ cat: 0, dog: 1 });
    expect(duplicates).toBe(1);
    expect(refused.map(({ code, where }) => `${code} ${where}`).sort()).toEqual([
      'duplicate-label-conflict cat/mine.png',
      'image-side dog/wide.png',
      'leak-exact cat/leak.png',
      'leak-pixels dog/pixels.png',
    ]);
  });

  it('refuses a group that the evaluation set holds, and a class that the loop does not have', async () => {
    const ctx = await peopleContext();
    const evaluation = await imageFolder({ 'cat/e.png': 50, 'dog/e.png': 51 });
    await put(evaluation, 'groups.csv', 'file,group\ncat/e.png,film\n');
    await freezeEvaluationSet(ctx.folder, { path: evaluation, quotas: QUOTAS });
    const dir = await imageFolder({ 'cat/a.png': 1, 'fox/f.png': 2 });
    await put(dir, 'groups.csv', 'file,group\ncat/a.png,film\n');
    const { manifest } = await copyBatch(ctx.folder, dir, { classes: ['cat', 'fox'] });
    expect(codes((await admitBatch(ctx, { sequence: 1, manifest })).refused).sort()).toEqual([
      'class-unknown',
      'group-leak',
    ]);
  });

  it('reads what it wrote on a retry and refuses another batch of the same number', async () => {
    const ctx = await peopleContext();
    const first = await submit(ctx, 1, { 'cat/a.png': 1 });
    await rm(ctx.folder.resolve('inbox'), { recursive: true });
    expect(await submit(ctx, 1, { 'cat/a.png': 1 })).toEqual(first);
    await expect(submit(ctx, 1, { 'cat/b.png': 2 })).rejects.toThrow('admissions/1.json belongs to another batch');
  });

  it('loses nothing silently: damage to the inbox, the manifest or an earlier admission is an error', async () => {
    const ctx = await peopleContext();
    const { manifest } = await copyBatch(ctx.folder, await imageFolder({ 'cat/a.png': 1 }), { classes });
    await expect(admitBatch(ctx, { sequence: 2, manifest })).rejects.toThrow('admissions/1.json is missing');
    const [file = ''] = await readdir(ctx.folder.resolve('inbox'));
    await writeFile(ctx.folder.resolve(`inbox/${file}`), await picture(2));
    await expect(admitBatch(ctx, { sequence: 1, manifest })).rejects.toThrow(
      /is missing or changed; it was handed in as cat\/a\.png/,
    );
    await expect(admitBatch(ctx, { sequence: 1, manifest: { ...manifest, sha256: '0' } })).rejects.toThrow(
      FolderConflictError,
    );
    await expect(
      admitBatch(ctx, { sequence: 1, manifest: { uri: 'file:///etc/passwd', sha256: '0' } }),
    ).rejects.toThrow(PathOutsideError);
    const other = await ctx.folder.writeOnce('other.json', '{}');
    await expect(admitBatch(ctx, { sequence: 1, manifest: other })).rejects.toThrow(/is no batch/);
  });
});

describe('collecting from people', () => {
  it('draws first come, first drawn; the surplus waits for the next round', async () => {
    const ctx = await peopleContext();
    await submit(ctx, 1, { 'cat/a.png': 1, 'cat/b.png': 2 });
    await submit(ctx, 2, { 'cat/c.png': 3, 'dog/d.png': 4 });
    expect(await waitingImages(ctx.folder, 2)).toEqual({ cat: 3, dog: 1 });
    const first = await collect(ctx, { round: 1, need: { cat: 2, dog: 2 }, admissions: 2 });
    expect(first).toMatchObject({ added: { cat: 2, dog: 1 }, short: { dog: 1 }, exhausted: false, findings: [] });
    expect(await waitingImages(ctx.folder, 2)).toEqual({ cat: 1 });
    await submit(ctx, 3, { 'cat/late.png': 5 });
    expect(await collect(ctx, { round: 1, need: { cat: 9, dog: 9 }, admissions: 3 })).toEqual(first);
    expect((await collect(ctx, { round: 2, need: { cat: 1, dog: 0 }, admissions: 3 })).added).toEqual({
      cat: 1,
      dog: 0,
    });
    expect(await waitingImages(ctx.folder, 3)).toEqual({ cat: 1 });
    expect(await readdir(ctx.folder.resolve('images'))).toHaveLength(4);
  });

  it('knows its classes from the spec and no number of images', async () => {
    const ctx = await peopleContext(['dog', 'cat']);
    expect(await collectorFor(ctx.spec).prepare(ctx)).toEqual({
      classes: ['dog', 'cat'],
      available: null,
      findings: [],
    });
  });

  it('loses nothing and takes nothing twice, in whatever batches the images come', async () => {
    const image = fc.record({ seed: fc.integer({ min: 1, max: 8 }), className: fc.constantFrom('cat', 'dog') });
    const batches = fc.array(fc.array(image, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(batches, async (plan) => {
        const ctx = await peopleContext();
        const firstClass = new Map<number, string>();
        for (const [at, batch] of plan.entries()) {
          // One class an image, as the first batch that brought it had it.
          for (const { seed, className } of batch) if (!firstClass.has(seed)) firstClass.set(seed, className);
          const files = batch.map(({ seed }) => [`${firstClass.get(seed)}/${seed}.png`, seed] as const);
          await submit(ctx, at + 1, Object.fromEntries(files));
        }
        await collect(ctx, { round: 1, need: { cat: 2, dog: 1 }, admissions: plan.length });
        await collect(ctx, { round: 2, need: { cat: 99, dog: 99 }, admissions: plan.length });
        const drawn = [await readDraw(ctx.folder, 1), await readDraw(ctx.folder, 2)].flatMap(
          (draw) => draw?.images ?? [],
        );
        const expected = await Promise.all(
          [...firstClass].map(async ([seed, name]) => `${name} ${await hashOf(seed)}`),
        );
        expect(drawn.map((each) => `${each.className} ${each.sha256}`).sort()).toEqual(expected.sort());
        expect(await waitingImages(ctx.folder, plan.length)).toEqual({});
      }),
      { numRuns: 12 },
    );
  }, 60_000);
});

async function hashOf(seed: number): Promise<string> {
  return sha256Of(await picture(seed));
}
