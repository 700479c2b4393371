import { randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claimFolder } from '../client/loop-identity.ts';
import { verifyLoop } from '../client/verify-loop.ts';
import { toCoco } from '../data/coco.ts';
import { makeFolder } from '../data/durable.ts';
import { sha256Of } from '../data/hash.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import type { StoredImage } from '../loop/round.ts';
import { LoopSpecSchema } from '../loop/spec.ts';
import type { Ground } from './ground.ts';
import type { Row } from './table.ts';

const IMAGES = 10_000;
const BYTES = 20_000;
const CLASSES = ['one', 'other'];
const REPEATS = 3;
const MOST_RATIO = 1.5;

/** Time of `verify` over 10,000 small images, as a ratio to hashing the same files one after another and nothing else. */
export async function measureVerify(ground: Ground): Promise<Row[]> {
  const home = join(ground.home, 'verify');
  ground.say(`Verify: making a loop of ${IMAGES} images`);
  const folder = await makeLoop(home);
  const ratios: number[] = [];
  for (let n = 0; n < REPEATS; n += 1) {
    const plain = await seconds(() => hashPlainly(folder.resolve('images')));
    const whole = await seconds(async () => {
      const { troubles } = await verifyLoop(home, 'many');
      if (troubles.length > 0) throw new Error(`verify found ${JSON.stringify(troubles[0])}`);
    });
    ground.say(`Verify: ${whole.toFixed(2)} s, plain hashing ${plain.toFixed(2)} s`);
    ratios.push(whole / plain);
  }
  const ratio = ratios.sort((a, b) => a - b)[1] ?? Number.NaN;
  return [
    {
      measure: `verify of ${IMAGES} images of ${BYTES / 1000} kB, against SHA-256 of the same files`,
      value: `×${ratio.toFixed(2)}`,
      target: `at most ×${MOST_RATIO}`,
      met: ratio <= MOST_RATIO,
    },
  ];
}

async function makeLoop(home: string): Promise<LoopFolder> {
  const folder = LoopFolder.at(home, 'many');
  const spec = LoopSpecSchema.parse({ name: 'many', classes: CLASSES, collector: { kind: 'people' } });
  await claimFolder(folder, spec);
  await makeFolder(folder.resolve('images'));
  const images: StoredImage[] = [];
  for (let n = 0; n < IMAGES; n += 1) {
    const bytes = randomBytes(BYTES);
    const sha256 = sha256Of(bytes);
    const file = `${sha256}.png`;
    await writeFile(folder.resolve(`images/${file}`), bytes, { mode: 0o600 });
    images.push({ sha256, pixelSha256: sha256, file, className: CLASSES[n % 2] ?? '', width: 64, height: 64 });
  }
  const empty = { short: {}, exhausted: false, findings: [], passedOver: [] };
  await folder.writeJsonOnce('rounds/1/draw.json', { schemaVersion: 1, round: 1, images, ...empty });
  const coco = toCoco({ images, classes: CLASSES.toSorted(), imagesDir: folder.resolve('images') });
  await folder.writeJsonOnce('rounds/1/coco.json', coco);
  return folder;
}

async function hashPlainly(folder: string): Promise<void> {
  for (const name of await readdir(folder)) sha256Of(await readFile(join(folder, name)));
}

async function seconds(run: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await run();
  return (performance.now() - began) / 1000;
}
