import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CollectContext, CollectResult } from '../../collect/collector.ts';
import { collectorFor } from '../../collect/collectors.ts';
import { readDraw } from '../../collect/draw-file.ts';
import { drawOrder } from '../../collect/pool-draw.ts';
import { FolderConflictError, SourceUnreadableError } from '../../data/errors.ts';
import { sha256Of, sha256OfFile } from '../../data/hash.ts';
import type { ClassCounts } from '../../loop/round.ts';
import { codes, imageFolder, loopFolder, picture, put, QUOTAS, reencoded } from '../data/fixtures.ts';
import { freeze, poolContext, poolOf } from './fixtures.ts';

async function prepared(path: string, seed = 1): Promise<CollectContext> {
  const ctx = await poolContext(path, { seed });
  const { classes } = await collectorFor(ctx.spec).prepare(ctx);
  return { ...ctx, classes };
}

async function collect(ctx: CollectContext, round: number, need: ClassCounts): Promise<CollectResult> {
  return collectorFor(ctx.spec).collect(ctx, { round, need, admissions: 0 });
}

async function imagesOf(ctx: CollectContext, round: number): Promise<string[]> {
  return (await readDraw(ctx.folder, round))?.images.map((image) => image.sha256) ?? [];
}

describe('drawing from a pool', () => {
  it('stores what it draws under its hash and lists it in the round’s draw', async () => {
    const ctx = await prepared(await poolOf({ cat: 3, dog: 3 }));
    const result = await collect(ctx, 1, { cat: 2, dog: 1 });
    expect(result).toMatchObject({ added: { cat: 2, dog: 1 }, short: {}, exhausted: false, findings: [] });
    const draw = JSON.parse((await ctx.folder.read(result.draw)).toString());
    expect(draw).toMatchObject({ schemaVersion: 1, round: 1, short: {} });
    expect(draw.images).toHaveLength(3);
    for (const image of draw.images) {
      expect(await sha256OfFile(ctx.folder.resolve(`images/${image.file}`))).toBe(image.sha256);
    }
  });

  it('refuses a draw that could never be trained on, names what was passed over, and draws once it is mended', async () => {
    const path = await poolOf({ cat: 3, dog: 2 });
    const ctx = await prepared(path);
    const broken = (await readdir(join(path, 'dog'))).map((name) => join(path, 'dog', name));
    const whole = await Promise.all(broken.map((file) => readFile(file)));
    for (const file of broken) await writeFile(file, 'not what it was');
    const refused = collect(ctx, 1, { cat: 1, dog: 1 });
    await expect(refused).rejects.toThrow(/class-too-small[\s\S]*image-type/);
    expect(await readDraw(ctx.folder, 1)).toBeUndefined();
    for (const [at, file] of broken.entries()) await writeFile(file, whole[at] ?? '');
    expect(await collect(ctx, 1, { cat: 1, dog: 1 })).toMatchObject({ added: { cat: 1, dog: 1 } });
  });

  it('reads the draw on a retry, whatever has become of the pool', async () => {
    const path = await poolOf({ cat: 3, dog: 3 });
    const ctx = await prepared(path);
    const first = await collect(ctx, 1, { cat: 2, dog: 1 });
    await rm(path, { recursive: true });
    expect(await collect(ctx, 1, { cat: 1, dog: 3 })).toEqual(first);
  });

  it('gives two attempts at once the same draw', async () => {
    const ctx = await prepared(await poolOf({ cat: 4, dog: 4 }));
    const [a, b] = await Promise.all([collect(ctx, 1, { cat: 2, dog: 2 }), collect(ctx, 1, { cat: 2, dog: 2 })]);
    expect(a).toEqual(b);
    expect(await readdir(ctx.folder.resolve('images'))).toHaveLength(4);
  });

  it('lets the first of two different attempts count for both', async () => {
    const ctx = await prepared(await poolOf({ cat: 4, dog: 4 }));
    const [a, b] = await Promise.all([collect(ctx, 1, { cat: 1, dog: 1 }), collect(ctx, 1, { cat: 3, dog: 3 })]);
    expect(a).toEqual(b);
    expect(await collect(ctx, 1, { cat: 2, dog: 2 })).toEqual(a);
  });

  it('passes over images that changed or are gone, and takes the next', async () => {
    const path = await poolOf({ cat: 4, dog: 1 });
    const ctx = await prepared(path);
    await writeFile(join(path, 'cat/0.png'), await picture(77));
    await rm(join(path, 'cat/1.png'));
    const { added, findings } = await collect(ctx, 1, { cat: 2, dog: 1 });
    expect(added).toEqual({ cat: 2, dog: 1 });
    const rest = await collect(ctx, 2, { cat: 1, dog: 0 });
    expect(rest.added).toEqual({ cat: 0, dog: 0 });
    expect(codes([...findings, ...rest.findings])).toEqual(
      expect.arrayContaining(['image-changed', 'image-unreadable']),
    );
    expect(findings.every((finding) => finding.severity === 'warning')).toBe(true);
  });

  it('takes no image whose pixels the loop or the evaluation set has, and never opens it again', async () => {
    const path = await imageFolder({ 'cat/a.png': 1, 'cat/e.png': 2, 'dog/d.png': 3 });
    await put(path, 'cat/a again.png', await reencoded(await picture(1)));
    await put(path, 'dog/a too.png', await reencoded(await picture(1), 1));
    await put(path, 'cat/cut.png', (await picture(4)).subarray(0, 70));
    const ctx = await poolContext(path);
    await freeze(ctx.folder, { 'cat/x.png': 5, 'dog/y.png': 6 });
    await collectorFor(ctx.spec).prepare(ctx);
    const result = await collect(ctx, 1, { cat: 9, dog: 9 });
    expect(result.exhausted).toBe(true);
    expect(Object.values(result.added).reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(codes(result.findings).sort()).toEqual(['duplicate-label-conflict', 'duplicate-pixels', 'image-corrupt']);
    const again = await collect(ctx, 2, { cat: 1, dog: 1 });
    expect(again).toMatchObject({
      added: { cat: 0, dog: 0 },
      exhausted: true,
      findings: [],
      short: { cat: 1, dog: 1 },
    });
  });

  it('refuses pixels of the evaluation set under other bytes', async () => {
    const path = await imageFolder({ 'cat/a.png': 1, 'dog/b.png': 2 });
    await put(path, 'cat/leak.png', await reencoded(await picture(5)));
    const ctx = await poolContext(path);
    await freeze(ctx.folder, { 'cat/x.png': 5, 'dog/y.png': 6 });
    expect((await collectorFor(ctx.spec).prepare(ctx)).findings).toEqual([]);
    const { added, short, findings } = await collect(ctx, 1, { cat: 2, dog: 1 });
    expect(added).toEqual({ cat: 1, dog: 1 });
    expect(short).toEqual({ cat: 1 });
    expect(findings).toMatchObject([{ code: 'leak-pixels', where: 'cat/leak.png' }]);
  });

  it('names a class that ran out and gives its share to the others inside the balance', async () => {
    const ctx = await prepared(await poolOf({ cat: 2, dog: 20, fox: 20 }));
    const first = await collect(ctx, 1, { cat: 5, dog: 3, fox: 3 });
    expect(first).toMatchObject({ added: { cat: 2, dog: 4, fox: 4 }, short: { cat: 3 }, exhausted: false });
  });

  it('gives the share of a class that ran out to one that was asked for none, and is not used up while that one has images', async () => {
    const ctx = await prepared(await poolOf({ cat: 6, dog: 20 }));
    await collect(ctx, 1, { cat: 4, dog: 4 });
    const second = await collect(ctx, 2, { cat: 4, dog: 0 });
    expect(second).toMatchObject({ added: { cat: 2, dog: 2 }, short: { cat: 2 }, exhausted: false });
  });

  it('gives no share where a class has no image yet: nothing is in balance with none', async () => {
    const ctx = await prepared(await poolOf({ cat: 2, dog: 20, fox: 20 }));
    const { added } = await collect(ctx, 1, { cat: 3, dog: 2, fox: 0 });
    expect(added).toEqual({ cat: 2, dog: 2, fox: 0 });
  });

  it('says that a pool whose files have all gone is unreadable, not used up', async () => {
    const path = await poolOf({ cat: 2, dog: 2 });
    const ctx = await prepared(path);
    await rename(path, `${path}-away`);
    await expect(collect(ctx, 1, { cat: 1, dog: 1 })).rejects.toThrow(SourceUnreadableError);
    await put(path, 'readme.txt', '');
    await expect(collect(ctx, 1, { cat: 1, dog: 1 })).rejects.toThrow(/holds not one of its 4 images any more/);
    await rm(path, { recursive: true });
    await rename(`${path}-away`, path);
    expect((await collect(ctx, 1, { cat: 1, dog: 1 })).added).toEqual({ cat: 1, dog: 1 });
  });

  it('does not draw without the pool’s listing or an earlier round’s draw', async () => {
    const path = await poolOf({ cat: 2, dog: 2 });
    const bare = await poolContext(path);
    await expect(collect(bare, 1, { cat: 1 })).rejects.toThrow('pool.json is missing');
    const ctx = await prepared(path);
    await expect(collect(ctx, 2, { cat: 1 })).rejects.toThrow('rounds/1/draw.json is missing');
    await put(ctx.folder.path, 'rounds/1/draw.json', '{}');
    await expect(collect(ctx, 2, { cat: 1 })).rejects.toThrow(FolderConflictError);
  });

  it('stops when told to without writing a draw', async () => {
    const ctx = await prepared(await poolOf({ cat: 2, dog: 2 }));
    const signal = AbortSignal.abort(new Error('stopped'));
    await expect(collect({ ...ctx, signal }, 1, { cat: 1, dog: 1 })).rejects.toThrow('stopped');
    expect(await readDraw(ctx.folder, 1)).toBeUndefined();
  });
});

describe('the draws of a pool, over any plan of rounds', () => {
  const POOL = { cat: 9, dog: 7, fox: 5 };
  const plan = fc.array(fc.record({ cat: fc.nat(4), dog: fc.nat(4), fox: fc.nat(4) }), { minLength: 1, maxLength: 5 });
  let path = '';
  beforeAll(async () => {
    path = await poolOf(POOL);
  });

  it('are the same again, never repeat an image, and give every class what it needs while there is some', async () => {
    await fc.assert(
      fc.asyncProperty(plan, fc.nat(5), async (needs, seed) => {
        const [one, other] = [await prepared(path, seed), await prepared(path, seed)];
        const left: ClassCounts = { ...POOL };
        const drawn: string[] = [];
        for (const [at, need] of needs.entries()) {
          const result = await collect(one, at + 1, need);
          await collect(other, at + 1, need);
          const images = await imagesOf(one, at + 1);
          expect(await imagesOf(other, at + 1)).toEqual(images);
          drawn.push(...images);
          for (const [name, count] of Object.entries(need)) {
            const possible = Math.min(count, left[name] ?? 0);
            expect(result.added[name]).toBeGreaterThanOrEqual(possible);
            expect(result.short[name] ?? 0).toBe(count - possible);
            left[name] = (left[name] ?? 0) - (result.added[name] ?? 0);
          }
        }
        expect(new Set(drawn).size).toBe(drawn.length);
        expect(drawn.length).toBe(21 - Object.values(left).reduce((sum, count) => sum + count, 0));
      }),
      { numRuns: 12 },
    );
  }, 60_000);

  it('follow from the images and the seed, not from names or the order of the listing', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.nat(), (names, seed) => {
        const images = names.map((name) => ({ sha256: sha256Of(name) }));
        const order = drawOrder(images, seed);
        expect(drawOrder(images.toReversed(), seed)).toEqual(order);
        expect(new Set(order)).toEqual(new Set(images));
      }),
    );
    const images = Array.from({ length: 20 }, (_, at) => ({ sha256: sha256Of(`${at}`) }));
    expect(drawOrder(images, 1)).not.toEqual(drawOrder(images, 2));
  });
});

describe('the cost of a draw', () => {
  it('is that of the images drawn: the others are not opened', async () => {
    const folder = await loopFolder();
    const path = await poolOf({ cat: 12, dog: 12 });
    const notes: string[] = [];
    const ctx = {
      ...(await poolContext(path)),
      folder,
      quotas: QUOTAS,
      heartbeat: (note: string) => void notes.push(note),
    };
    await collectorFor(ctx.spec).prepare(ctx);
    for (const round of [1, 2, 3]) {
      notes.length = 0;
      await collect(ctx, round, { cat: 2, dog: 2 });
      expect(notes.filter((note) => note.startsWith('opening'))).toHaveLength(4);
    }
  });
});
