import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { admitBatch } from '../../collect/admit.ts';
import type { CollectContext, CollectRequest } from '../../collect/collector.ts';
import { collectorFor } from '../../collect/collectors.ts';
import { readDraw } from '../../collect/draw-file.ts';
import { waitingImages } from '../../collect/people-collector.ts';
import { copyBatch } from '../../collect/submit.ts';
import { readListing } from '../../data/listing.ts';
import { countPerClass } from '../../data/set-checks.ts';
import { classesOf } from '../../loop/labels.ts';
import { type BoxedPicture, boxedCoco, codes, QUOTAS } from '../data/fixtures.ts';
import { contextOf } from './fixtures.ts';

const CLASSES = ['cat', 'dog', 'fox'];

/** Pictures that show these classes, one box each; their seeds count up from `first`. */
function showing(shown: string[][], first = 1): BoxedPicture[] {
  return shown.map((names, at) => ({ seed: first + at, boxes: names.map((name) => [name, 0.1, 0.1, 0.5, 0.5]) }));
}

async function pool(path: string, seed = 1): Promise<CollectContext> {
  const ctx = await contextOf({ task: 'detection', collector: { kind: 'pool', path }, seed });
  const { classes } = await collectorFor(ctx.spec).prepare(ctx);
  return { ...ctx, classes };
}

function collect(ctx: CollectContext, request: Pick<CollectRequest, 'round' | 'need' | 'room'>, admissions = 0) {
  return collectorFor(ctx.spec).collect(ctx, { ...request, admissions });
}

describe('drawing from a pool of images with boxes', () => {
  it('stores the boxes, counts images for every class, and says what came beyond the need', async () => {
    const ctx = await pool(
      await boxedCoco(
        showing([
          ['cat', 'dog'],
          ['cat', 'dog'],
          ['cat', 'fox'],
          ['cat', 'fox'],
        ]),
        CLASSES,
      ),
    );
    const result = await collect(ctx, { round: 1, need: { cat: 2, dog: 2, fox: 2 } });
    expect(result).toMatchObject({ added: { cat: 4, dog: 2, fox: 2 }, images: 4, surplus: { cat: 2 }, short: {} });
    expect(codes(result.findings)).toEqual(['class-surplus']);
    const draw = await readDraw(ctx.folder, 1);
    expect(draw?.surplus).toEqual({ cat: 2 });
    expect(draw?.images[0]?.boxes?.[0]).toEqual({ className: 'cat', box: [0.1, 0.1, 0.5, 0.5] });
  });

  it('knows how many images each class could give, and refuses a class that has too few distinct ones', async () => {
    const path = await boxedCoco(showing([['cat', 'cat', 'dog'], ['cat'], []]), CLASSES.slice(0, 2));
    const ctx = await contextOf(
      { task: 'detection', collector: { kind: 'pool', path } },
      { quotas: { ...QUOTAS, minImagesPerClass: 2 } },
    );
    const prepared = await collectorFor(ctx.spec).prepare(ctx);
    expect(prepared.available).toEqual({ cat: 2, dog: 1 });
    expect(prepared.findings).toContainEqual(
      expect.objectContaining({ code: 'class-too-small', where: 'dog', severity: 'error' }),
    );
  });

  it('never draws an image that shows none of the classes', async () => {
    const ctx = await pool(await boxedCoco(showing([['cat', 'dog', 'fox'], [], []]), CLASSES));
    expect(await collect(ctx, { round: 1, need: { cat: 5, dog: 5, fox: 5 } })).toMatchObject({
      images: 1,
      exhausted: true,
    });
  });

  it('keeps to the room that the cap on images leaves', async () => {
    const ctx = await pool(await boxedCoco(showing(Array.from({ length: 6 }, () => ['cat', 'dog', 'fox'])), CLASSES));
    expect(await collect(ctx, { round: 1, need: { cat: 5, dog: 5, fox: 5 }, room: 2 })).toMatchObject({
      images: 2,
      short: {},
    });
  });
});

describe('draws of images with boxes, over any plan of rounds', () => {
  const shown = Array.from({ length: 18 }, (_, at) => CLASSES.filter((_name, bit) => ((at % 7) + 1) & (1 << bit)));
  const plan = fc.array(fc.record({ cat: fc.nat(4), dog: fc.nat(4), fox: fc.nat(4) }), { minLength: 1, maxLength: 4 });
  let path = '';
  beforeAll(async () => {
    path = await boxedCoco(showing(shown), CLASSES);
  });

  it('are the same again, never repeat an image, and meet the need while the pool can', async () => {
    const all = (await readListing(path, { task: 'detection' })).items;
    await fc.assert(
      fc.asyncProperty(plan, fc.nat(5), async (needs, seed) => {
        const [one, other] = [await pool(path, seed), await pool(path, seed)];
        const drawn: string[] = [];
        let left = countPerClass(all, CLASSES);
        for (const [at, need] of needs.entries()) {
          const result = await collect(one, { round: at + 1, need });
          await collect(other, { round: at + 1, need });
          const draw = await readDraw(one.folder, at + 1);
          expect(await readDraw(other.folder, at + 1)).toEqual(draw);
          drawn.push(...(draw?.images ?? []).map(({ sha256 }) => sha256));
          for (const [name, count] of Object.entries(need)) {
            expect(result.added[name]).toBeGreaterThanOrEqual(Math.min(count, left[name] ?? 0));
          }
          left = Object.fromEntries(CLASSES.map((name) => [name, (left[name] ?? 0) - (result.added[name] ?? 0)]));
        }
        expect(new Set(drawn).size).toBe(drawn.length);
      }),
      { numRuns: 10 },
    );
  }, 60_000);
});

describe('people who hand in a COCO file', () => {
  async function people(): Promise<CollectContext> {
    return contextOf({ task: 'detection', collector: { kind: 'people' }, classes: CLASSES });
  }

  async function handIn(ctx: CollectContext, sequence: number, pictures: BoxedPicture[]) {
    const file = await boxedCoco(pictures, CLASSES);
    const copied = await copyBatch(ctx.folder, file, { classes: CLASSES, task: 'detection' });
    return { copied, admitted: await admitBatch(ctx, { sequence, manifest: copied.manifest }) };
  }

  it('have every image counted once for each class, and those without a box left out', async () => {
    const ctx = await people();
    const { copied, admitted } = await handIn(ctx, 1, showing([['cat', 'dog'], ['cat'], []]));
    expect(copied).toMatchObject({ counts: { cat: 2, dog: 1 }, images: 2 });
    expect(codes(copied.findings)).toEqual(['image-without-boxes']);
    expect(admitted).toMatchObject({ accepted: { cat: 2, dog: 1 }, images: 2, duplicates: 0, refused: [] });
  });

  it('have the same image counted as a duplicate with equal boxes, and refused with other ones', async () => {
    const ctx = await people();
    await handIn(ctx, 1, showing([['cat', 'dog']]));
    expect((await handIn(ctx, 2, showing([['dog', 'cat']]))).admitted).toMatchObject({ images: 0, duplicates: 1 });
    expect(codes((await handIn(ctx, 3, showing([['cat']]))).admitted.refused)).toEqual(['duplicate-label-conflict']);
  });

  it('see what no class needs wait for the next round', async () => {
    const ctx = await people();
    await handIn(ctx, 1, showing([['cat', 'dog']], 1));
    await handIn(ctx, 2, showing([['cat', 'fox']], 2));
    await handIn(ctx, 3, showing([['cat'], ['fox']], 3));
    const first = await collect(ctx, { round: 1, need: { cat: 1, dog: 1, fox: 1 } }, 3);
    expect(first).toMatchObject({ images: 2, added: { cat: 2, dog: 1, fox: 1 }, surplus: { cat: 1 }, short: {} });
    expect(await waitingImages(ctx.folder, 3)).toEqual({ cat: 1, fox: 1 });
    const second = await collect(ctx, { round: 2, need: { cat: 0, dog: 1, fox: 1 } }, 3);
    expect(second).toMatchObject({ images: 1, added: { fox: 1 }, short: { dog: 1 } });
    expect((await readDraw(ctx.folder, 2))?.images.map(classesOf)).toEqual([['fox']]);
  });
});
