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

const HUES: Record<string, number> = { red: 0, green: 120, blue: 240, yellow: 55 };

/** A blob of the class's hue, off by up to `spread` degrees, on a grey ground. PNG bytes, 64×64 pixels. */
export function picture(className: string, seed: number, spread = 20): Promise<Buffer> {
  const random = randomOf(seed * 7919 + (HUES[className] ?? 0));
  const hue = Math.round(((HUES[className] ?? 0) + (random() * 2 - 1) * spread + 360) % 360);
  const [x, y, r] = [16 + random() * 32, 16 + random() * 32, 8 + random() * 14];
  const ground = Math.round(60 + random() * 140);
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="rgb(${ground},${ground},${ground})"/><circle cx="${x}" cy="${y}" r="${r}" fill="hsl(${hue},${40 + Math.round(random() * 40)}%,${35 + Math.round(random() * 30)}%)"/></svg>`;
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
export async function imageFolder(path: string, { classes = ['red', 'green', 'blue'], perClass, firstSeed, spread = 20 }: FolderOptions): Promise<string> {
  for (const name of classes) {
    await mkdir(join(path, name), { recursive: true });
    for (let i = 0; i < perClass; i += 1) {
      await writeFile(join(path, name, `${name}-${firstSeed + i}.png`), await picture(name, firstSeed + i, spread));
    }
  }
  return path;
}
