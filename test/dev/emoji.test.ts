import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Of } from '../../data/hash.ts';
import { buildEmojiData, type EmojiData } from '../../dev/emoji-data.ts';
import { baseGlyph, EMOJI_CLASSES, emojiClass } from '../../dev/emoji-glyphs.ts';
import { type EmojiImage, splitEmoji } from '../../dev/emoji-split.ts';

describe('the base glyph', () => {
  test.for([
    ['a skin tone', '1F3C4-1F3FD', '1F3C4'],
    ['a gender sign', '1F3C4-200D-2640-FE0F', '1F3C4'],
    ['a gender sign on a toned person', '1F3CB-1F3FF-200D-2642-FE0F', '1F3CB'],
    ['a direction', '1F3C3-200D-27A1-FE0F', '1F3C3'],
    ['a gender and a direction', '1F3C3-200D-2642-FE0F-200D-27A1-FE0F', '1F3C3'],
    ['a man in a role', '1F468-200D-1F33E', '1F9D1-1F33E'],
    ['a woman in a role', '1F469-1F3FC-200D-1F33E', '1F9D1-1F33E'],
    ['a prince', '1F934', '1FAC5'],
    ['Mrs Claus', '1F936', '1F9D1-1F384'],
    ['two men holding hands', '1F46C', '1F9D1-1F91D-1F9D1'],
    ['two women kissing', '1F469-200D-2764-FE0F-200D-1F48B-200D-1F469', '1F9D1-2764-1F48B-1F9D1'],
    ['a family of man, woman and girl', '1F468-200D-1F469-200D-1F467', '1F9D1-1F9D1-1F9D2'],
    ['the family', '1F46A', '1F9D1-1F9D1-1F9D2'],
  ])('leaves out what makes a variant: %s', ([, unified = '', glyph]) => {
    expect(baseGlyph(unified)).toBe(glyph);
  });

  test.for(['2640-FE0F', '2642-FE0F', '27A1-FE0F'])(
    'of a sign that is itself a gender or direction (%s) is the sign',
    (unified) => {
      expect(baseGlyph(unified)).toBe(unified.replace('-FE0F', ''));
    },
  );

  test('keeps different drawings apart: a cat and a black cat, two flags', () => {
    expect(baseGlyph('1F408-200D-2B1B')).not.toBe(baseGlyph('1F408'));
    expect(baseGlyph('1F1E6-1F1FA')).not.toBe(baseGlyph('1F1E6-1F1F9'));
  });
});

describe('the classes', () => {
  test.for([
    ['Animals & Nature', 'animal-bird', 'animal'],
    ['Smileys & Emotion', 'monkey-face', 'animal'],
    ['Smileys & Emotion', 'face-tongue', 'face'],
    ['Food & Drink', 'dishware', 'food'],
    ['Symbols', 'arrow', 'symbol'],
    ['Flags', 'country-flag', 'country-flag'],
    ['People & Body', 'person-sport', 'person'],
    ['People & Body', 'family', 'person'],
    ['Flags', 'subdivision-flag', undefined],
    ['Smileys & Emotion', 'cat-face', undefined],
    ['Objects', 'tool', undefined],
  ])('%s / %s is %s', ([category = '', subcategory = '', expected]) => {
    expect(emojiClass({ category, subcategory })).toBe(expected);
  });
});

const drawing = fc.record({
  className: fc.constantFrom(...EMOJI_CLASSES),
  glyph: fc.integer({ min: 0, max: 40 }).map(String),
  file: fc.integer({ min: 0, max: 120 }).map(String),
});

/** Drawings of one glyph have one class, as in the real data. */
function images(drawings: { className: (typeof EMOJI_CLASSES)[number]; glyph: string; file: string }[]): EmojiImage[] {
  return drawings.map(({ className, glyph, file }, index) => ({
    className,
    glyph: `${className}-${glyph}`,
    sha256: `${className}-${file}`,
    source: `${index}.png`,
    name: `${index}.png`,
  }));
}

describe('any split', () => {
  test('never has a glyph or a file on two sides, and uses each file once', () => {
    fc.assert(
      fc.property(fc.array(drawing, { maxLength: 300 }), fc.integer(), (drawings, seed) => {
        const all = images(drawings);
        const { pool, evaluation, unseen } = splitEmoji(all, seed);
        const sides = [pool, evaluation, unseen];
        for (const key of ['glyph', 'group', 'sha256'] as const) {
          const seen = sides.map((side) => new Set(side.map((image) => image[key])));
          expect(new Set(seen.flatMap((set) => [...set])).size).toBe(seen.reduce((sum, set) => sum + set.size, 0));
        }
        const used = sides.flat().map(({ sha256 }) => sha256);
        expect(new Set(used).size).toBe(used.length);
      }),
    );
  });

  test('is the same for the same images in the same order and seed', () => {
    fc.assert(
      fc.property(fc.array(drawing, { maxLength: 100 }), fc.integer(), (drawings, seed) => {
        expect(splitEmoji(images(drawings), seed)).toEqual(splitEmoji(images(drawings), seed));
      }),
    );
  });
});

describe('the demo’s images', () => {
  let folder: string;
  let data: EmojiData;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'deltaloop-emoji-'));
    data = await buildEmojiData(folder, { seed: 1 });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function rowsOf(root: string): Promise<{ file: string; group: string }[]> {
    const [header, ...rows] = (await readFile(join(root, 'groups.csv'), 'utf8')).trim().split('\n');
    expect(header).toBe('file,group');
    return rows.map((row) => {
      const [file = '', group = ''] = row.split(',');
      return { file, group };
    });
  }

  test('are about 600 for evaluation, 47 face glyphs among them, and many more to draw from', async () => {
    const counts: Record<string, number> = {};
    for (const name of EMOJI_CLASSES) counts[name] = (await readdir(join(data.evaluation, name))).length;
    expect(counts).toEqual({
      animal: 100,
      'country-flag': expect.closeTo(100, -1),
      face: 94,
      food: 100,
      person: 100,
      symbol: 100,
    });
    expect(data.evaluationImages).toBe(Object.values(counts).reduce((a, b) => a + b));
    for (const name of EMOJI_CLASSES) expect((await readdir(join(data.pool, name))).length).toBeGreaterThanOrEqual(138);
    const faces = (await rowsOf(data.evaluation)).filter(({ file }) => file.startsWith('face/'));
    expect(new Set(faces.map(({ group }) => group)).size).toBe(47);
  });

  test('share no group and no bytes between pool, evaluation and unseen', async () => {
    const pool = await rowsOf(data.pool);
    const evaluation = await rowsOf(data.evaluation);
    const groups = new Set(pool.map(({ group }) => group));
    expect(evaluation.filter(({ group }) => groups.has(group))).toEqual([]);
    const files = [
      ...pool.map(({ file }) => join(data.pool, file)),
      ...evaluation.map(({ file }) => join(data.evaluation, file)),
      ...data.unseen.map(({ path }) => path),
    ];
    const hashes = await Promise.all(files.map(async (file) => sha256Of(await readFile(file))));
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(data.unseen.map(({ className }) => className)).toEqual(EMOJI_CLASSES);
  });

  test('list every file with its group, once', async () => {
    for (const root of [data.pool, data.evaluation]) {
      const listed = (await rowsOf(root)).map(({ file }) => file);
      const there = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.png'));
      expect(listed.toSorted()).toEqual(there.toSorted());
    }
  });

  test('are built once: a second time only mends what is missing or cut short', async () => {
    const [missing = '', cut = '', whole = ''] = (await rowsOf(data.pool)).map(({ file }) => join(data.pool, file));
    await rm(missing);
    await writeFile(cut, 'half');
    await utimes(whole, 1000, 1000);
    expect(await buildEmojiData(folder, { seed: 1 })).toEqual(data);
    expect((await stat(missing)).size).toBeGreaterThan(100);
    expect((await stat(cut)).size).toBeGreaterThan(100);
    expect((await stat(whole)).mtimeMs).toBe(1_000_000);
  });

  test('of two seeds never share a folder', async () => {
    await expect(buildEmojiData(folder, { seed: 2 })).rejects.toThrow('another split');
  });
});
