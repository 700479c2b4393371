import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { type CocoDataset, toCoco } from '../data/coco.ts';
import { type EvaluationSet, EvaluationSetSchema } from '../data/evaluation-set.ts';
import { stableJson } from '../data/json.ts';
import { RoundDrawSchema } from '../loop/files.ts';
import { classesOf } from '../loop/labels.ts';
import type { RoundDraw, StoredImage } from '../loop/round.ts';
import { LoopSpecSchema } from '../loop/spec.ts';
import type { VerifiedRecord } from './verify-record.ts';

const SET = 'evaluation/set.json';

/** Draws of rounds 1, 2, … as far as each can be read; those after a damaged one are not compared with anything. */
export interface VerifiedSets {
  draws: RoundDraw[];
  set: EvaluationSet | undefined;
}

/**
 * Holds images, draws, training sets and the evaluation set against each other: every image in exactly one draw and there, every
 * round's training set that of its draws, the evaluation set as frozen, none of its images trained on.
 */
export async function verifySets(record: VerifiedRecord): Promise<VerifiedSets> {
  const draws = await readDraws(record);
  const set = await record.read(SET, EvaluationSetSchema);
  await verifyDraws(record, draws);
  if (set) await verifySet(record, set);
  if (set) findLeaks(record, draws, set);
  await verifyTrainingSets(record, draws);
  return { draws, set };
}

function drawFile(round: number): string {
  return `rounds/${round}/draw.json`;
}

async function readDraws(record: VerifiedRecord): Promise<RoundDraw[]> {
  const last = Math.max(0, ...record.matching(/^rounds\/(\d+)\//).map(([, round]) => Number(round)));
  const draws: RoundDraw[] = [];
  for (let round = 1; round <= last; round += 1) {
    const file = drawFile(round);
    const decided = record.has(`rounds/${round}/record.json`) || round < last;
    if (decided) await record.require(file, `round ${round} was decided`);
    const draw = await record.read(file, RoundDrawSchema);
    if (draw === undefined) break;
    if (draw.round !== round) record.add('set', file, `says that it is round ${draw.round}’s`);
    draws.push(draw);
  }
  return draws;
}

async function verifyDraws(record: VerifiedRecord, draws: readonly RoundDraw[]): Promise<void> {
  const drawn = new Map<string, number>();
  for (const [at, { images }] of draws.entries()) {
    for (const { sha256, file } of images) {
      const earlier = drawn.get(sha256);
      if (earlier !== undefined)
        record.add('set', drawFile(at + 1), `draws image ${file}, which round ${earlier} drew already`);
      drawn.set(sha256, at + 1);
      if (!file.startsWith(`${sha256}.`)) record.add('set', drawFile(at + 1), `calls image ${sha256} ${file}`);
      await record.require(`images/${file}`, `round ${at + 1} drew it`);
    }
  }
}

async function verifySet(record: VerifiedRecord, set: EvaluationSet): Promise<void> {
  for (const { file } of set.images) await record.require(`evaluation/images/${file}`, 'it is in the evaluation set');
  const file = 'evaluation/coco.json';
  await record.require(file, 'the evaluation set was frozen');
  await compareCoco(record, file, set);
}

function findLeaks(record: VerifiedRecord, draws: readonly RoundDraw[], { images }: EvaluationSet): void {
  const known = new Map(
    images.flatMap(({ sha256, pixelSha256, file }) => [
      [sha256, file],
      [pixelSha256, file],
    ]),
  );
  for (const [at, draw] of draws.entries()) {
    for (const { sha256, pixelSha256, file } of draw.images) {
      const same = known.get(sha256) ?? known.get(pixelSha256);
      if (same !== undefined)
        record.add('leak', drawFile(at + 1), `draws image ${file}, which equals ${same} of the evaluation set`);
    }
  }
}

async function verifyTrainingSets(record: VerifiedRecord, draws: readonly RoundDraw[]): Promise<void> {
  const spec = await record.read('spec.json', LoopSpecSchema);
  if (spec === undefined) return;
  for (let round = 1; round <= draws.length; round += 1) {
    const images = draws.slice(0, round).flatMap((draw) => draw.images);
    const classes = [...new Set(spec.classes ?? images.flatMap(classesOf))].sort();
    await compareCoco(record, `rounds/${round}/coco.json`, { images, classes });
    if (round > 1) continue;
    for (const [file] of record.matching(/^rounds\/1\/subset-\d+\/coco\.json$/)) {
      const names = new Set((await record.read(file, WrittenSchema))?.images.map((each) => each.file_name));
      await compareCoco(record, file, {
        images: images.filter((each) => names.has(each.file)),
        classes,
        anyOrder: true,
      });
    }
  }
}

const WrittenSchema = z.object({
  images: z.array(z.object({ file_name: z.string().default(''), coco_url: z.string().default('') })),
});

interface Expected {
  images: readonly StoredImage[];
  classes: readonly string[];
  /** The images stand in the file's own order. */
  anyOrder?: boolean;
}

/** Addresses are those of the machine and the home where the file was written; all else is what the images give. */
async function compareCoco(
  record: VerifiedRecord,
  file: string,
  { images, classes, anyOrder }: Expected,
): Promise<void> {
  const written = await record.read(file, WrittenSchema);
  const first = written?.images[0];
  if (written === undefined) return;
  const order = new Map(written.images.map((each, at) => [each.file_name, at]));
  const sorted = anyOrder ? images.toSorted((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0)) : images;
  const imagesDir = first === undefined ? '/' : folderOf(first.coco_url);
  const expected: CocoDataset | undefined =
    imagesDir === undefined ? undefined : toCoco({ images: sorted, classes, imagesDir });
  const text = stableJson(await record.folder.readJson(file));
  if (expected === undefined || stableJson(expected) !== text)
    record.add('set', file, 'does not list the images, classes and boxes that its draws or its set give');
}

function folderOf(address: string): string | undefined {
  try {
    return dirname(fileURLToPath(address));
  } catch {
    return undefined;
  }
}
