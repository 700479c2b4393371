import { z } from 'zod';
import { FolderConflictError } from '../data/errors.ts';
import { compareText } from '../data/json.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { countPerClass } from '../data/set-checks.ts';
import { ClassCountsSchema, FindingSchema, StoredImageSchema } from '../data/stored-image.ts';
import type { RoundDraw, StoredImage } from '../loop/round.ts';
import type { CollectResult } from './collector.ts';

const DrawSchema = z.strictObject({
  schemaVersion: z.literal(1),
  round: z.number().int().positive(),
  images: z.array(StoredImageSchema),
  short: ClassCountsSchema,
  exhausted: z.boolean(),
  findings: z.array(FindingSchema),
  passedOver: z.array(z.string()),
}) satisfies z.ZodType<RoundDraw>;

/** `rounds/N/draw.json`: what a round added, and what its collecting has to say. */
export interface StoredDraw extends RoundDraw {
  exhausted: boolean;
  findings: CollectResult['findings'];
  /** SHA-256 of images that can never be drawn, because they equal another image; later rounds do not open them. */
  passedOver: string[];
}

/**
 * The draw of a round that has been collected already; undefined before.
 * @throws FolderConflictError when the file is not a draw.
 */
export async function readDraw(folder: LoopFolder, round: number): Promise<StoredDraw | undefined> {
  return folder.readRecord(drawFile(round), DrawSchema);
}

/**
 * The draws of rounds 1…`last`.
 * @throws FolderConflictError when one is missing: drawing without it could take an image twice.
 */
export async function readDraws(folder: LoopFolder, last: number): Promise<StoredDraw[]> {
  const rounds = Array.from({ length: last }, (_, at) => at + 1);
  return Promise.all(
    rounds.map(async (round) => {
      const draw = await readDraw(folder, round);
      if (draw === undefined) throw new FolderConflictError(drawFile(round), 'is missing');
      return draw;
    }),
  );
}

/** The draws of all rounds so far. @throws FolderConflictError when one is not a draw. */
export async function readDrawsSoFar(folder: LoopFolder): Promise<StoredDraw[]> {
  const draws: StoredDraw[] = [];
  for (let round = 1; ; round += 1) {
    const draw = await readDraw(folder, round);
    if (draw === undefined) return draws;
    draws.push(draw);
  }
}

/**
 * Writes a round's draw once. When another attempt was first, its draw counts.
 * @throws DiskFullError, FolderMissingError.
 */
export async function commitDraw(folder: LoopFolder, draw: StoredDraw): Promise<void> {
  const images = draw.images.toSorted((a, b) => compareText(a.sha256, b.sha256));
  try {
    await folder.writeJsonOnce(drawFile(draw.round), { ...draw, images });
  } catch (error) {
    if (!(error instanceof FolderConflictError)) throw error;
  }
}

/**
 * What a round's draw, which must be there, says; the same for the attempt that wrote it and for every retry.
 * @throws FolderConflictError when it is missing or is not a draw.
 */
export async function drawResult(
  folder: LoopFolder,
  round: number,
  classes: readonly string[],
): Promise<CollectResult> {
  const draw = await readDraw(folder, round);
  if (draw === undefined) throw new FolderConflictError(drawFile(round), 'is missing');
  const ref = await folder.refTo(drawFile(round));
  const { short, exhausted, findings } = draw;
  return { draw: ref, added: countPerClass(draw.images, classes), short, exhausted, findings };
}

/** Every image that earlier rounds drew. */
export function drawnImages(draws: readonly StoredDraw[]): StoredImage[] {
  return draws.flatMap((draw) => draw.images);
}

function drawFile(round: number): string {
  return `rounds/${round}/draw.json`;
}
