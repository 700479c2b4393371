import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { LoopFolder } from '../../data/loop-folder.ts';
import type { Quotas } from '../../data/quotas.ts';

/** Limits wide enough for the tiny pictures of the tests. */
export const QUOTAS: Quotas = {
  minImagesPerClass: 1,
  maxImages: 1000,
  minClasses: 2,
  maxClasses: 100,
  maxBoxes: 1000,
  maxImageBytes: 1_000_000,
  minSide: 4,
  maxSide: 1000,
};

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'deltaloop-data-'));
}

/** An existing loop folder in a home of its own. */
export async function loopFolder(): Promise<LoopFolder> {
  const folder = LoopFolder.at(await temporaryFolder(), 'test-loop');
  await folder.create();
  return folder;
}

/** Writes a file below a root and returns its absolute path. */
export async function put(root: string, file: string, content: string | Uint8Array): Promise<string> {
  const path = join(root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

/** A picture whose pixels are all those of `seed`: different seeds below 2^24 give different pictures. */
export async function picture(
  seed: number,
  options: { width?: number; height?: number; format?: 'png' | 'jpeg' | 'gif' | 'webp' | 'tiff' } = {},
): Promise<Buffer> {
  const { width = 8, height = 8, format = 'png' } = options;
  const background = { r: (seed >> 16) & 255, g: (seed >> 8) & 255, b: seed & 255 };
  return sharp({ create: { width, height, channels: 3, background } })
    .toFormat(format)
    .toBuffer();
}

/** Other bytes, same pixels. */
export async function reencoded(png: Buffer, compressionLevel = 0): Promise<Buffer> {
  return sharp(png)
    .png({ compressionLevel, adaptiveFiltering: compressionLevel > 0 })
    .toBuffer();
}

/** An ImageFolder: file names to seeds of pictures. */
export async function imageFolder(files: Record<string, number>): Promise<string> {
  const root = await temporaryFolder();
  for (const [file, seed] of Object.entries(files)) await put(root, file, await picture(seed));
  return root;
}

export function codes(findings: readonly { code: string }[]): string[] {
  return findings.map((finding) => finding.code);
}

/** A picture of a COCO file: its seed, and its boxes as [class, left, top, width, height]. */
export interface BoxedPicture {
  seed: number;
  boxes: [className: string, ...box: number[]][];
  group?: string;
}

/** Writes pictures and a COCO file with their boxes into a folder of its own; returns the file's path. */
export async function boxedCoco(pictures: readonly BoxedPicture[], classes: readonly string[]): Promise<string> {
  const root = await temporaryFolder();
  for (const { seed } of pictures) await put(root, `${seed}.png`, await picture(seed));
  const images = pictures.map(({ seed, group }, at) => ({
    id: at + 1,
    width: 8,
    height: 8,
    file_name: `${seed}.png`,
    ...(group === undefined ? {} : { group }),
  }));
  const annotations = pictures
    .flatMap(({ boxes }, at) => boxes.map(([name, ...bbox]) => ({ image_id: at + 1, name, bbox })))
    .map(({ image_id, name, bbox }, at) => ({ id: at + 1, image_id, category_id: classes.indexOf(name) + 1, bbox }));
  const categories = classes.map((name, at) => ({ id: at + 1, name }));
  return put(root, 'coco.json', JSON.stringify({ images, annotations, categories }));
}
