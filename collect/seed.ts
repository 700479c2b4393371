import type { LoopFolder } from '../data/loop-folder.ts';
import { SeedFileSchema } from '../loop/files.ts';
import type { RoundDraw, SeedFile, StoredImage } from '../loop/round.ts';
import { readDraws } from './draw-file.ts';

const FILE = 'seed.json';

/** Images that a loop took over from another one at its start; none in a loop that began with nothing. @throws FolderConflictError */
export async function readSeed(folder: LoopFolder): Promise<StoredImage[]> {
  return (await folder.readRecord(FILE, SeedFileSchema))?.images ?? [];
}

/** Writes what a loop takes over, once. @throws FolderConflictError when something else was taken over; DiskFullError. */
export async function writeSeed(folder: LoopFolder, seed: SeedFile): Promise<void> {
  await folder.writeJsonOnce(FILE, seed);
}

/**
 * What a loop owns before a round draws, as draws: those of the rounds before, or in the first round what it took over.
 * @throws FolderConflictError when a draw is missing.
 */
export async function drawsBefore(folder: LoopFolder, round: number): Promise<RoundDraw[]> {
  if (round > 1) return readDraws(folder, round - 1);
  const images = await readSeed(folder);
  if (images.length === 0) return [];
  return [{ schemaVersion: 1, round: 0, images, short: {}, exhausted: false, findings: [], passedOver: [] }];
}

/** The draw of a round with what a first round took over: it belongs to it from then on. */
export function withSeed(draw: RoundDraw, before: readonly RoundDraw[]): RoundDraw {
  return draw.round > 1 ? draw : { ...draw, images: [...before.flatMap(({ images }) => images), ...draw.images] };
}
