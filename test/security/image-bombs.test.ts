import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { imageFolder, put } from '../data/fixtures.ts';
import type { HandedIn } from './bomb-child.ts';
import { animations, imageBombs } from './image-bombs.ts';

const CHILD = fileURLToPath(new URL('bomb-child.ts', import.meta.url));
/** Node, sharp and the code itself take some eighty. */
const MOST_MEGABYTES = 500;

async function handIn(way: string, folder: string): Promise<HandedIn> {
  const args = ['--max-old-space-size=128', CHILD, way, folder];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
  return JSON.parse(stdout) as HandedIn;
}

let folder: string;

beforeAll(async () => {
  folder = await imageFolder({ 'cat/good.png': 1, 'dog/good.png': 2 });
  for (const [name, bytes] of Object.entries(await imageBombs())) await put(folder, `cat/${name}`, bytes);
  // Room on no disk, but in memory, if it were read.
  await put(folder, 'dog/long.png', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
  await using long = await open(join(folder, 'dog/long.png'), 'a');
  await long.truncate(1_900_000_000);
});

const REFUSED: [file: string, code: string, why: RegExp][] = [
  ['cat/one-bit.png', 'image-side', /^30000×30000 pixels; a side may have at most 16000$/],
  ['cat/entity.png', 'image-type', /^the file is an XML text, such as an SVG drawing; accepted are JPEG/],
  ['cat/drawing.jpg', 'image-type', /^the file is an SVG drawing; accepted are JPEG/],
  ['cat/packed.png', 'image-type', /^the file is not an image that is known here/],
  ['cat/gif-and-drawing.gif', 'image-corrupt', /cannot be decoded/],
  ['cat/webp-and-drawing.webp', 'image-corrupt', /cannot be decoded/],
  ['cat/tiff-and-drawing.tif', 'image-corrupt', /cannot be decoded/],
  ['dog/long.png', 'image-too-large', /^the file has 1,900 MB; .*(at most|more than) \d+ MB$/],
];

describe.each(['submit', 'evaluation', 'pool'])('an image bomb, by way of %s,', (way) => {
  it('is refused in a sentence, beside good images that are taken, in little memory', async () => {
    const { findings, taken, megabytes } = await handIn(way, folder);
    for (const [where, code, why] of REFUSED) {
      expect(findings).toContainEqual(expect.objectContaining({ where, code, message: expect.stringMatching(why) }));
    }
    expect(taken).toBe(2);
    expect(megabytes).toBeLessThan(MOST_MEGABYTES);
  });

  it('that is an animation of thousands of frames counts as its first, and no other is ever in memory', async () => {
    const animated = await imageFolder({ 'dog/good.png': 2 });
    for (const [name, bytes] of Object.entries(await animations())) await put(animated, `cat/${name}`, bytes);
    const { taken, megabytes } = await handIn(way, animated);
    expect(taken).toBe(3);
    expect(megabytes).toBeLessThan(MOST_MEGABYTES);
  });
});
