import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { type Dice, dice } from './random.ts';
import { sceneBackground } from './scene-backgrounds.ts';
import { type PlannedScene, planScenes, type SceneDrawing } from './scene-plan.ts';

const SCENES_AT_ONCE = 4;
const QUALITY = 92;

/** One drawing of a scene. `box` is left, top, width and height of what is visible, as shares of the scene's sides, 0–1. */
export interface SceneObject {
  className: string;
  box: [left: number, top: number, width: number, height: number];
}

/** A composed picture with what is on it. */
export interface Scene {
  /** JPEG bytes. */
  image: Buffer;
  /** Pixels. */
  width: number;
  height: number;
  objects: SceneObject[];
  /** Scenes of one group share glyphs; scenes of different groups never do. */
  group: string;
}

/**
 * Scenes of 320–448 pixels a side with two to six drawings of 40–160 pixels on a gradient, noise, blobs or a blurred view.
 * Scene `n` depends on the drawings, the seed and `n` alone, so a longer list begins with the shorter one.
 */
export function composeScenes(
  drawings: readonly SceneDrawing[],
  { count, seed }: { count: number; seed: number },
): Promise<Scene[]> {
  const limit = pLimit(SCENES_AT_ONCE);
  return Promise.all(planScenes(drawings, { count, seed }).map((plan) => limit(() => composeScene(plan))));
}

async function composeScene({ drawings, group, seed }: PlannedScene): Promise<Scene> {
  const random = dice(seed);
  const [width, height] = [random.whole(320, 448), random.whole(320, 448)];
  const background = await sceneBackground({ width, height }, random);
  const placed: Placed[] = [];
  for (const drawing of drawings) {
    const place = await placeDrawing(drawing, { width, height, random, placed });
    if (place !== undefined) placed.push(place);
  }
  const layers = placed.map(({ png, left, top }) => ({ input: png, left, top }));
  const image = await sharp(background).composite(layers).jpeg({ quality: QUALITY }).toBuffer();
  const objects = placed.map(({ className, left, top, wide, high }): SceneObject => {
    return { className, box: [left / width, top / height, wide / width, high / height] };
  });
  return { image, width, height, objects, group };
}

/** A drawing at its place, in pixels. */
interface Placed {
  className: string;
  png: Buffer;
  left: number;
  top: number;
  wide: number;
  high: number;
}

const TRIES = 30;

/** Finds a place that is free; undefined when the scene has no room left for a drawing of that size. */
async function placeDrawing(
  { className, source }: SceneDrawing,
  scene: { width: number; height: number; random: Dice; placed: readonly Placed[] },
): Promise<Placed | undefined> {
  const { width, height, random, placed } = scene;
  const longer = random.whole(40, 160);
  const { data, info } = await sharp(await sharp(source).trim({ threshold: 1 }).toBuffer())
    .resize(longer, longer, { fit: 'inside', kernel: 'cubic' })
    .png({ compressionLevel: 1 })
    .toBuffer({ resolveWithObject: true });
  const [wide, high] = [info.width, info.height];
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const place = { left: random.whole(0, width - wide), top: random.whole(0, height - high), wide, high };
    if (placed.every((other) => apart(place, other))) return { className, png: data, ...place };
  }
  return undefined;
}

type Place = Pick<Placed, 'left' | 'top' | 'wide' | 'high'>;

function apart(a: Place, b: Place): boolean {
  const beside = a.left + a.wide <= b.left || b.left + b.wide <= a.left;
  return beside || a.top + a.high <= b.top || b.top + b.high <= a.top;
}

/** A COCO dataset of boxes as the vision API reads it: ids from 1, relative boxes, images by `file:` address. */
export interface SceneCoco {
  images: { id: number; width: number; height: number; file_name: string; coco_url: string; group: string }[];
  annotations: { id: number; image_id: number; category_id: number; bbox: SceneObject['box'] }[];
  categories: { id: number; name: string }[];
}

/**
 * Writes `scenes` as `<folder>/scene-0001.jpg`, … and the COCO file `<folder>/coco.json`.
 *
 * @param classes names of the categories, in their order
 * @returns the COCO file's path
 */
export async function writeScenes(
  folder: string,
  { scenes, classes }: { scenes: readonly Scene[]; classes: readonly string[] },
): Promise<string> {
  await mkdir(folder, { recursive: true });
  const files = scenes.map((_, i) => `scene-${String(i + 1).padStart(4, '0')}.jpg`);
  for (const [i, { image }] of scenes.entries()) await writeFile(join(folder, files[i] ?? ''), image);
  const file = join(folder, 'coco.json');
  await writeFile(file, JSON.stringify(sceneCoco({ scenes, classes, files, folder })));
  return file;
}

function sceneCoco(from: {
  scenes: readonly Scene[];
  classes: readonly string[];
  files: readonly string[];
  folder: string;
}): SceneCoco {
  const images = from.scenes.map(({ width, height, group }, i) => {
    const name = from.files[i] ?? '';
    const address = pathToFileURL(join(from.folder, name)).href;
    return { id: i + 1, width, height, file_name: name, coco_url: address, group };
  });
  const boxes = from.scenes.flatMap(({ objects }, i) => objects.map((object) => ({ ...object, image: i + 1 })));
  const annotations = boxes.map(({ className, box, image }, i) => {
    return { id: i + 1, image_id: image, category_id: from.classes.indexOf(className) + 1, bbox: box };
  });
  return { images, annotations, categories: from.classes.map((name, i) => ({ id: i + 1, name })) };
}
