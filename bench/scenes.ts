import { DatabaseSync } from 'node:sqlite';
import { sha256Of } from '../data/hash.ts';
import { readEmojiSplit } from '../dev/emoji-data.ts';
import { EMOJI_CLASSES } from '../dev/emoji-glyphs.ts';
import { composeScenes, type Scene } from '../dev/scenes.ts';
import type { Backbone } from '../vision-service/backbones/backbone.ts';
import { BoundedCache } from '../vision-service/bounded-cache.ts';
import type { Box } from '../vision-service/detection/boxes.ts';
import { type PictureSight, sightOf } from '../vision-service/detection/picture-sight.ts';

const EVALUATION_SCENES = 100;
const CACHE_BYTES = 2 ** 30;
const CLASS_NAMES: readonly string[] = EMOJI_CLASSES;

/** A scene as a detector gets it, with what is on it. */
export interface KnownScene extends PictureSight {
  truths: { label: number; box: Box }[];
  group: string;
}

/** Scenes to train on, and 100 to measure on that share no glyph with them. */
export interface SceneSets {
  training: Scene[];
  evaluation: Scene[];
}

/** Scenes of the emoji drawings, split and composed by the seed. */
export async function sceneSets({ count, seed }: { count: number; seed: number }): Promise<SceneSets> {
  const { pool, evaluation } = await readEmojiSplit(seed);
  return {
    training: await composeScenes(pool, { count, seed }),
    evaluation: await composeScenes(evaluation, { count: EVALUATION_SCENES, seed }),
  };
}

/** The scenes with caches that are empty. */
export function freshSights(scenes: readonly Scene[], backbone: Backbone): KnownScene[] {
  const db = new DatabaseSync(':memory:');
  const maps = new BoundedCache(db, { table: 'maps', mostBytes: CACHE_BYTES });
  const crops = new BoundedCache(db, { table: 'crops', mostBytes: CACHE_BYTES });
  return scenes.map(({ image, objects, group }) => {
    const sha256 = sha256Of(image);
    const sight = sightOf({ sha256, read: () => Promise.resolve(image) }, { backbone, maps, crops });
    const truths = objects.map(({ className, box: [left, top, width, height] }) => {
      const label = CLASS_NAMES.indexOf(className);
      return { label, box: { left, top, width, height } };
    });
    return { ...sight, truths, group };
  });
}
