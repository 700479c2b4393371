import { FolderConflictError } from '../data/errors.ts';
import { compareText } from '../data/json.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { countPerClass } from '../data/set-checks.ts';
import { RoundDrawSchema } from '../loop/files.ts';
import type { RoundDraw, StoredImage } from '../loop/round.ts';
import type { CollectResult } from './collector.ts';

/**
 * The draw of a round that has been collected already; undefined before.
 * @throws FolderConflictError when the file is not a draw.
 */
export async function readDraw(folder: LoopFolder, round: number): Promise<RoundDraw | undefined> {
  return folder.readRecord(drawFile(round), RoundDrawSchema);
}

/**
 * The draws of rounds 1…`last`.
 * @throws FolderConflictError when one is missing: drawing without it could take an image twice.
 */
export async function readDraws(folder: LoopFolder, last: number): Promise<RoundDraw[]> {
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
export async function readDrawsSoFar(folder: LoopFolder): Promise<RoundDraw[]> {
  const draws: RoundDraw[] = [];
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
export async function commitDraw(folder: LoopFolder, draw: RoundDraw): Promise<void> {
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
  const { images, short, exhausted, findings, surplus } = draw;
  const beyond = surplus === undefined ? {} : { surplus };
  return {
    draw: ref,
    added: countPerClass(images, classes),
    images: images.length,
    short,
    exhausted,
    findings,
    ...beyond,
  };
}

/** Every image that earlier rounds drew. */
export function drawnImages(draws: readonly RoundDraw[]): StoredImage[] {
  return draws.flatMap((draw) => draw.images);
}

function drawFile(round: number): string {
  return `rounds/${round}/draw.json`;
}
