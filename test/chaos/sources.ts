import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { dice } from '../../dev/random.ts';
import { imageFolder } from '../support/images.ts';
import { BATCHES } from './plan-loops.ts';

export const CLASSES = ['red', 'green', 'blue'];
const POOL_PER_CLASS = 24;
const EVALUATION_PER_CLASS = 4;
const EVALUATION_SEED = 1000;

/** Images that every run of a stage draws from. */
export interface ChaosSources {
  pool: string;
  evaluation: string;
  /** COCO files with boxes. */
  scenes: { pool: string; evaluation: string };
  /** Folders that people hand in, see `BATCHES`. */
  batches: string[];
}

/** Draws real images below a folder: a pool, an evaluation set, the batches of people, and scenes for a detector. */
export async function makeSources(folder: string): Promise<ChaosSources> {
  const pool = await imageFolder(join(folder, 'pool'), { perClass: POOL_PER_CLASS, firstSeed: 1 });
  const evaluation = await imageFolder(join(folder, 'evaluation'), {
    perClass: EVALUATION_PER_CLASS,
    firstSeed: EVALUATION_SEED,
  });
  const batches: string[] = [];
  for (let at = 0; at < BATCHES; at += 1) batches.push(await writeBatch(folder, at, evaluation));
  const scenes = {
    pool: await writeScenes(join(folder, 'scenes-pool'), { count: 24, seed: 1 }),
    evaluation: await writeScenes(join(folder, 'scenes-evaluation'), { count: 9, seed: 2 }),
  };
  return { pool, evaluation, batches, scenes };
}

/** The last three batches hold what must not get in: images of another batch, of the evaluation set, and its pixels in other bytes. */
async function writeBatch(folder: string, at: number, evaluation: string): Promise<string> {
  const path = await imageFolder(join(folder, `batch-${at}`), { perClass: 1 + (at % 2), firstSeed: 5000 + 10 * at });
  const measured = join(evaluation, 'red', `red-${EVALUATION_SEED}.png`);
  if (at === BATCHES - 3) await imageFolder(path, { perClass: 1, firstSeed: 5000 });
  if (at === BATCHES - 2) await copyFile(measured, join(path, 'red', 'holiday.png'));
  if (at === BATCHES - 1)
    await sharp(measured)
      .png({ compressionLevel: 1 })
      .toFile(join(path, 'red', 'copy.png'));
  return path;
}

const SIDE = 96;

/** Scenes of one or two coloured rectangles each, as a COCO file of relative boxes. */
async function writeScenes(folder: string, { count, seed }: { count: number; seed: number }): Promise<string> {
  await mkdir(folder, { recursive: true });
  const chance = dice(seed);
  const images: object[] = [];
  const annotations: object[] = [];
  for (let id = 1; id <= count; id += 1) {
    const colours = chance.shuffle(CLASSES).slice(0, chance.whole(1, 2));
    const boxes = colours.map((colour, at) => ({
      colour,
      x: 4 + 46 * at,
      y: chance.whole(4, 50),
      w: 40,
      h: chance.whole(30, 42),
    }));
    const shapes = boxes.map(
      ({ colour, x, y, w, h }) => `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${colour}"/>`,
    );
    const grey = chance.whole(120, 220);
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}"><rect width="${SIDE}" height="${SIDE}" fill="rgb(${grey},${grey},${grey - 20})"/>${shapes.join('')}</svg>`;
    const name = `scene-${id}.png`;
    await sharp(Buffer.from(svg)).png().toFile(join(folder, name));
    images.push({ id, width: SIDE, height: SIDE, file_name: name, coco_url: pathToFileURL(join(folder, name)).href });
    for (const { colour, x, y, w, h } of boxes) {
      const bbox = [x, y, w, h].map((pixels) => pixels / SIDE);
      annotations.push({ id: annotations.length + 1, image_id: id, category_id: CLASSES.indexOf(colour) + 1, bbox });
    }
  }
  const categories = CLASSES.map((name, at) => ({ id: at + 1, name }));
  const file = join(folder, 'coco.json');
  await writeFile(file, JSON.stringify({ images, annotations, categories }));
  return file;
}
