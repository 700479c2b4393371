import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { readEmojiSplit } from '../../dev/emoji-data.ts';
import { EMOJI_CLASSES } from '../../dev/emoji-glyphs.ts';
import { planScenes } from '../../dev/scene-plan.ts';
import { composeScenes, writeScenes } from '../../dev/scenes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const split = await readEmojiSplit(1);

describe('composed scenes', () => {
  test('are the same for the same seed, and a longer list begins with the shorter one', async () => {
    const [few, more] = [
      await composeScenes(split.pool, { count: 2, seed: 5 }),
      await composeScenes(split.pool, { count: 4, seed: 5 }),
    ];
    expect(more.slice(0, 2)).toEqual(few);
    expect((await composeScenes(split.pool, { count: 1, seed: 6 }))[0]?.image).not.toEqual(few[0]?.image);
  });

  test('are JPEG files with drawings inside that do not overlap', async () => {
    for (const { image, width, height, objects } of await composeScenes(split.pool, { count: 6, seed: 7 })) {
      expect(await sharp(image).metadata()).toMatchObject({ format: 'jpeg', width, height });
      expect(objects.length).toBeGreaterThan(0);
      for (const [
        i,
        {
          box: [left, top, wide, high],
          className,
        },
      ] of objects.entries()) {
        expect(EMOJI_CLASSES).toContain(className);
        expect(left >= 0 && top >= 0 && left + wide <= 1 + 1e-9 && top + high <= 1 + 1e-9).toBe(true);
        expect(Math.max(wide * width, high * height)).toBeLessThanOrEqual(160);
        for (const { box } of objects.slice(0, i)) {
          const across = Math.min(left + wide, box[0] + box[2]) - Math.max(left, box[0]);
          const down = Math.min(top + high, box[1] + box[3]) - Math.max(top, box[1]);
          expect(Math.min(across, down)).toBeLessThanOrEqual(1e-9);
        }
      }
    }
  });

  test('of different groups share no glyph, and show every class about equally often', () => {
    const plans = planScenes(split.pool, { count: 200, seed: 3 });
    const groupOf = new Map<string, string>();
    for (const { drawings, group } of plans) {
      for (const { group: glyph } of drawings) {
        expect(groupOf.get(glyph) ?? group).toBe(group);
        groupOf.set(glyph, group);
      }
    }
    const counts = EMOJI_CLASSES.map(
      (name) => plans.flatMap(({ drawings }) => drawings).filter(({ className }) => className === name).length,
    );
    expect(Math.min(...counts)).toBeGreaterThan(Math.max(...counts) * 0.7);
  });

  test('are written with a COCO file of relative boxes', async () => {
    const folder = await temporaryFolder();
    const scenes = await composeScenes(split.pool, { count: 2, seed: 8 });
    const coco = JSON.parse(await readFile(await writeScenes(folder, { scenes, classes: EMOJI_CLASSES }), 'utf8'));
    expect(coco.images).toHaveLength(2);
    expect(coco.images[1]).toMatchObject({ id: 2, file_name: 'scene-0002.jpg', group: scenes[1]?.group });
    expect(coco.annotations.map(({ bbox }: { bbox: unknown }) => bbox)).toEqual(
      scenes.flatMap(({ objects }) => objects.map(({ box }) => box)),
    );
    expect(await readFile(new URL(coco.images[0].coco_url))).toEqual(scenes[0]?.image);
  });
});
