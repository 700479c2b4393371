import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

/** Small deterministic generator (mulberry32): the same seed draws the same pictures everywhere. */
function randomOf(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Degrees of hue; from about 60 on the classes run into each other. */
const SPREAD = 20;

const HUES: Record<string, number> = { red: 0, green: 120, blue: 240, yellow: 55 };

/** A grey blob on a ground of the class's hue, off by up to `spread` degrees. PNG bytes, 64×64 pixels. */
export function picture(className: string, seed: number, spread = SPREAD): Promise<Buffer> {
  const random = randomOf(seed * 7919 + (HUES[className] ?? 0));
  const between = (low: number, high: number) => Math.round(low + random() * (high - low));
  const hue = (HUES[className] ?? 0) + between(-spread, spread) + 360;
  const grey = between(60, 200);
  const ground = `hsl(${hue % 360},${between(40, 80)}%,${between(35, 65)}%)`;
  const blob = `<circle cx="${between(16, 48)}" cy="${between(16, 48)}" r="${between(6, 16)}" fill="rgb(${grey},${grey},${grey})"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="${ground}"/>${blob}</svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}

interface FolderOptions {
  classes?: readonly string[];
  perClass: number;
  /** Pictures of different first seeds never coincide. */
  firstSeed: number;
  /** Degrees; the larger, the harder to tell the classes apart. */
  spread?: number;
}

/** Writes a folder with one sub-folder of pictures per class, as a person would keep them. */
export async function imageFolder(
  path: string,
  { classes = ['red', 'green', 'blue'], perClass, firstSeed, spread = SPREAD }: FolderOptions,
): Promise<string> {
  for (const name of classes) {
    await mkdir(join(path, name), { recursive: true });
    for (let i = 0; i < perClass; i += 1) {
      await writeFile(join(path, name, `${name}-${firstSeed + i}.png`), await picture(name, firstSeed + i, spread));
    }
  }
  return path;
}
