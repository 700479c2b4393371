import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CollectContext } from '../../collect/collector.ts';
import { collectorFor } from '../../collect/collectors.ts';
import { readDraw } from '../../collect/draw-file.ts';
import { SourceUnreadableError } from '../../data/errors.ts';
import { poolContext, poolOf } from './fixtures.ts';

const NEED = { cat: 2, dog: 2 };

async function prepared(path: string): Promise<CollectContext> {
  const ctx = await poolContext(path);
  const { classes } = await collectorFor(ctx.spec).prepare(ctx);
  return { ...ctx, classes };
}

/** The same loop, told that its pool lies elsewhere now. */
function toldOf(ctx: CollectContext, path: string): CollectContext {
  return { ...ctx, spec: { ...ctx.spec, collector: { kind: 'pool', path } } };
}

async function drawn(ctx: CollectContext, round: number): Promise<string[]> {
  await collectorFor(ctx.spec).collect(ctx, { round, need: NEED, admissions: 0 });
  return (await readDraw(ctx.folder, round))?.images.map(({ sha256 }) => sha256) ?? [];
}

/** A COCO file beside a folder with its images, three of each class. */
async function cocoPool(): Promise<{ folder: string; file: string }> {
  const folder = await poolOf({ cat: 5, dog: 5 });
  const files = (
    await Promise.all(
      ['cat', 'dog'].map(async (name) => (await readdir(join(folder, name))).map((file) => `${name}/${file}`)),
    )
  ).flat();
  const coco = {
    images: files.map((file_name, id) => ({ id, file_name, width: 64, height: 64 })),
    annotations: files.map((file, id) => ({ id, image_id: id, category_id: file.startsWith('cat') ? 1 : 2 })),
    categories: [
      { id: 1, name: 'cat' },
      { id: 2, name: 'dog' },
    ],
  };
  const file = join(folder, 'pool.json');
  await writeFile(file, JSON.stringify(coco));
  return { folder, file };
}

describe('a pool that was moved', () => {
  it('is not found at its old place, and gives the same images from the new one', async () => {
    const path = await poolOf({ cat: 6, dog: 6 });
    const [moved, undisturbed] = [await prepared(path), await prepared(path)];
    const expected = [await drawn(undisturbed, 1), await drawn(undisturbed, 2)];
    const first = await drawn(moved, 1);
    await rename(path, `${path}-elsewhere`);
    await expect(drawn(moved, 2)).rejects.toThrow(SourceUnreadableError);
    expect([first, await drawn(toldOf(moved, `${path}-elsewhere`), 2)]).toEqual(expected);
  });

  it('takes the images of a COCO file along, named by the file or by its folder', async () => {
    const { folder, file } = await cocoPool();
    const loops = [await prepared(file), await prepared(file), await prepared(file)] as const;
    const expected = await drawn(loops[0], 1);
    await rename(folder, `${folder}-elsewhere`);
    expect(await drawn(toldOf(loops[1], join(`${folder}-elsewhere`, 'pool.json')), 1)).toEqual(expected);
    expect(await drawn(toldOf(loops[2], `${folder}-elsewhere`), 1)).toEqual(expected);
  });

  it('is not taken for another folder that holds none of its images', async () => {
    const path = await poolOf({ cat: 6, dog: 6 });
    const ctx = await prepared(path);
    await rm(path, { recursive: true });
    await mkdir(`${path}-empty`);
    await expect(drawn(toldOf(ctx, `${path}-empty`), 1)).rejects.toThrow(/holds not one of its 12 images/);
    expect(await readDraw(ctx.folder, 1)).toBeUndefined();
  });

  it('is simply listed at the new place while nothing was frozen', async () => {
    const path = await poolOf({ cat: 6, dog: 6 });
    const ctx = await poolContext(`${path}-mistyped`);
    await expect(collectorFor(ctx.spec).prepare(ctx)).rejects.toThrow(SourceUnreadableError);
    const told = toldOf(ctx, path);
    expect((await collectorFor(told.spec).prepare(told)).available).toEqual({ cat: 6, dog: 6 });
  });
});
