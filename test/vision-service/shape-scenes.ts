import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { dice } from '../../dev/random.ts';

const SIDE = 160;
const SHAPES = {
  disc: (x: number, y: number, s: number) => `<circle cx="${x + s / 2}" cy="${y + s / 2}" r="${s / 2}" fill="#d33"/>`,
  square: (x: number, y: number, s: number) => `<rect x="${x}" y="${y}" width="${s}" height="${s}" fill="#35c"/>`,
};
type Shape = keyof typeof SHAPES;
export const SHAPE_CLASSES: readonly Shape[] = ['disc', 'square'];

/** A picture of red discs and blue squares, and where they are as shares of its sides. */
export interface ShapeScene {
  image: Buffer;
  width: number;
  height: number;
  objects: { className: Shape; box: [number, number, number, number] }[];
}

/** Pictures with one or two shapes each on grey, different for every seed. */
export function shapeScenes(count: number, seed: number): Promise<ShapeScene[]> {
  const random = dice(seed);
  return Promise.all(
    Array.from({ length: count }, () => {
      // A shape each half, so that they never touch.
      const halves = random.shuffle([0, SIDE / 2]).slice(0, random.whole(1, 2));
      const placed = halves.map((left) => {
        const size = random.whole(36, 64);
        const [x, y] = [left + random.whole(2, SIDE / 2 - size - 2), random.whole(2, SIDE - size - 2)];
        return { className: random.pick(SHAPE_CLASSES), x, y, size };
      });
      return render(placed, random.whole(180, 230));
    }),
  );
}

async function render(placed: readonly { className: Shape; x: number; y: number; size: number }[], grey: number) {
  const shapes = placed.map(({ className, x, y, size }) => SHAPES[className](x, y, size)).join('');
  const ground = `<rect width="100%" height="100%" fill="rgb(${grey},${grey},${grey})"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${ground}${shapes}</svg>`;
  const objects = placed.map(({ className, x, y, size }): ShapeScene['objects'][number] => {
    return { className, box: [x / SIDE, y / SIDE, size / SIDE, size / SIDE] };
  });
  return { image: await sharp(Buffer.from(svg)).png().toBuffer(), width: SIDE, height: SIDE, objects };
}

/** Writes scenes and their COCO file below `folder` and gives the file's URI. `rename` gives classes other names. */
export async function writeShapeCoco(
  folder: string,
  name: string,
  { scenes, rename = {} }: { scenes: readonly ShapeScene[]; rename?: Partial<Record<Shape, string>> },
): Promise<string> {
  const images = path.join(folder, name);
  await mkdir(images, { recursive: true });
  for (const [i, { image }] of scenes.entries()) await writeFile(path.join(images, `${i + 1}.png`), image);
  const boxes = scenes.flatMap(({ objects }, i) => objects.map((object) => ({ ...object, image: i + 1 })));
  const coco = {
    images: scenes.map(({ width, height }, i) => {
      const address = pathToFileURL(path.join(images, `${i + 1}.png`)).href;
      return { id: i + 1, width, height, file_name: `${i + 1}.png`, absolute_url: address };
    }),
    annotations: boxes.map(({ className, box, image }, i) => {
      return { id: i + 1, image_id: image, category_id: SHAPE_CLASSES.indexOf(className) + 1, bbox: box };
    }),
    categories: SHAPE_CLASSES.map((className, i) => ({ id: i + 1, name: rename[className] ?? className })),
  };
  const file = path.join(folder, `${name}.json`);
  await writeFile(file, JSON.stringify(coco));
  return pathToFileURL(file).href;
}
