import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawGreedily } from '../../collect/greedy-draw.ts';
import { surplusOf } from '../../collect/surplus.ts';
import { countPerClass } from '../../data/set-checks.ts';
import { classesOf, type Labelled } from '../../loop/labels.ts';
import type { ClassCounts } from '../../loop/round.ts';

interface Picture extends Labelled {
  id: number;
}

/** Pictures with one box of each class named. */
function pictures(...shown: string[][]): Picture[] {
  return shown.map((names, id) => ({ id, boxes: names.map((className) => ({ className, box: [0, 0, 1, 1] })) }));
}

async function draw(images: Picture[], need: ClassCounts, more: { room?: number; unusable?: number[] } = {}) {
  const taken: Picture[] = [];
  const tried: number[] = [];
  const result = await drawGreedily({
    images,
    need,
    room: more.room ?? Number.POSITIVE_INFINITY,
    take: async (image) => {
      tried.push(image.id);
      if (more.unusable?.includes(image.id)) return false;
      taken.push(image);
      return true;
    },
  });
  return { ...result, taken: taken.map(({ id }) => id), tried, counts: countPerClass(taken, Object.keys(need)) };
}

describe('a draw of images that show several classes', () => {
  it('takes the next image of the class furthest below its need, and counts it for all that it shows', async () => {
    const images = pictures(['cat'], ['cat', 'dog'], ['fox', 'cat'], ['dog'], ['fox']);
    // fox lacks 2: image 2, which is a cat too; then all lack 1, cat is named first but has it: dog, then fox.
    expect(await draw(images, { cat: 1, dog: 1, fox: 2 })).toMatchObject({
      taken: [2, 1, 4],
      counts: { cat: 2, dog: 1, fox: 2 },
    });
  });

  it('takes the class named first where two lack as much', async () => {
    expect((await draw(pictures(['dog'], ['cat']), { cat: 1, dog: 1 })).taken).toEqual([1, 0]);
  });

  it('tries the next image where one cannot be used, and none twice', async () => {
    const images = pictures(['cat', 'dog'], ['cat', 'dog'], ['cat', 'dog']);
    const result = await draw(images, { cat: 1, dog: 1 }, { unusable: [0] });
    expect(result).toMatchObject({ tried: [0, 1], taken: [1], short: {}, exhausted: false });
  });

  it('names what the classes lack that have no image left, and whether any class has one', async () => {
    const images = pictures(['cat'], ['dog'], ['dog']);
    expect(await draw(images, { cat: 3, dog: 1 })).toMatchObject({ short: { cat: 2 }, exhausted: false });
    expect(await draw(images, { cat: 3, dog: 0 })).toMatchObject({ taken: [0], short: { cat: 2 }, exhausted: false });
    expect(await draw(images, { cat: 3, dog: 2 })).toMatchObject({ short: { cat: 2 }, exhausted: true });
  });

  it('never takes more images than there is room for, and calls no class short for it', async () => {
    const images = pictures(['cat'], ['cat'], ['dog'], ['dog']);
    expect(await draw(images, { cat: 2, dog: 2 }, { room: 3 })).toMatchObject({ taken: [0, 2, 1], short: {} });
  });
});

describe('the surplus', () => {
  const [cat, dog, both] = pictures(['cat'], ['dog'], ['cat', 'dog']);
  const of = (...images: (Picture | undefined)[]) => images.flatMap((image) => image ?? []);

  it('is what a class has beyond the goal of those that asked, over all rounds', () => {
    const first = surplusOf({ owned: [], images: of(both, both, cat), need: { cat: 2, dog: 2 } });
    expect(first.surplus).toEqual({ cat: 1 });
    expect(first.findings).toMatchObject([{ severity: 'warning', code: 'class-surplus', where: 'cat' }]);
    expect(first.findings[0]?.message).toContain('than the 2 asked for so far show some classes: cat 1 more');
    const second = surplusOf({ owned: of(both, both, cat), images: of(dog, both), need: { cat: 1, dog: 2 } });
    expect(second).toEqual({ surplus: {}, findings: [] });
  });

  it('is told by no finding where nothing came', () => {
    expect(surplusOf({ owned: of(cat, cat, cat), images: [], need: { dog: 1 } })).toEqual({
      surplus: { cat: 2 },
      findings: [],
    });
  });

  it('is nothing where no class asked for anything', () => {
    expect(surplusOf({ owned: of(cat, cat), images: [], need: { cat: 0, dog: 0 } })).toEqual({
      surplus: {},
      findings: [],
    });
  });
});

describe('draws over any pool and need', () => {
  const CLASSES = ['a', 'b', 'c', 'd'];
  const shown = fc.subarray(CLASSES, { minLength: 0 });
  const pool = fc.array(shown, { maxLength: 30 }).map((all) => pictures(...all));
  const need = fc.record({ a: fc.nat(6), b: fc.nat(6), c: fc.nat(6), d: fc.nat(6) });

  it('give every class what it needs where the pool can, take no image twice, and none that nobody asked for', async () => {
    await fc.assert(
      fc.asyncProperty(pool, need, fc.array(fc.nat(29), { maxLength: 5 }), async (images, wants, unusable) => {
        const result = await draw(images, wants, { unusable });
        expect(new Set(result.tried).size).toBe(result.tried.length);
        const usable = countPerClass(
          images.filter(({ id }) => !unusable.includes(id)),
          CLASSES,
        );
        for (const [name, count] of Object.entries(wants)) {
          const possible = Math.min(count, usable[name] ?? 0);
          expect(result.counts[name]).toBeGreaterThanOrEqual(possible);
          expect(result.short[name] ?? 0).toBe(Math.max(0, count - Math.max(possible, result.counts[name] ?? 0)));
        }
        const asked = CLASSES.filter((name) => (wants[name as keyof typeof wants] ?? 0) > 0);
        for (const id of result.taken)
          expect(classesOf(images[id] ?? {}).some((name) => asked.includes(name))).toBe(true);
      }),
    );
  });

  it('take each image for a class that lacked it: without any one, some need would not be met in its turn', async () => {
    await fc.assert(
      fc.asyncProperty(pool, need, async (images, wants) => {
        const lacking: ClassCounts = { ...wants };
        for (const id of (await draw(images, wants)).taken) {
          const classes = classesOf(images[id] ?? {});
          expect(classes.some((name) => (lacking[name] ?? 0) > 0)).toBe(true);
          for (const name of classes) lacking[name] = (lacking[name] ?? 0) - 1;
        }
      }),
    );
  });

  it('are the same again, and with less room a beginning of the same', async () => {
    await fc.assert(
      fc.asyncProperty(pool, need, fc.nat(10), async (images, wants, room) => {
        const all = await draw(images, wants);
        expect(await draw(images, wants)).toEqual(all);
        expect((await draw(images, wants, { room })).taken).toEqual(all.taken.slice(0, room));
      }),
    );
  });
});
