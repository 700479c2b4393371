import type { z } from 'zod';
import { FolderConflictError, FolderMissingError } from '../data/errors.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { specHash } from '../data/spec-hash.ts';
import { withChanges } from '../loop/changes.ts';
import { LoopFileSchema, RoundDrawSchema, RoundRecordSchema } from '../loop/files.ts';
import type { LoopOrigin, RoundDraw, RoundRecord } from '../loop/round.ts';
import { type LoopSpec, LoopSpecSchema } from '../loop/spec.ts';
import type { OfLoop } from './types.ts';

/** A loop's folder with its spec as it is in force: where every activity begins. */
export interface LoopFiles {
  folder: LoopFolder;
  spec: LoopSpec;
  instanceId: string;
  /** The loop whose images this one took over; absent where it began with nothing. */
  from?: LoopOrigin;
}

/**
 * Opens a loop's folder.
 * @throws FolderMissingError when this worker does not see it; FolderConflictError when its spec was changed.
 */
export async function openLoop(home: string, { loop, changes }: OfLoop): Promise<LoopFiles> {
  const folder = LoopFolder.at(home, loop);
  const spec = await folder.readRecord('spec.json', LoopSpecSchema);
  const file = await folder.readRecord('loop.json', LoopFileSchema);
  if (!spec || !file) throw new FolderMissingError(folder.path);
  if (specHash(spec, file.from) !== file.specHash)
    throw new FolderConflictError('spec.json', 'is not the spec this loop was started with');
  const { instanceId, from } = file;
  return { folder, spec: withChanges(spec, changes), instanceId, ...(from && { from }) };
}

/** The task as deciding takes it: absent for classification, so that its recorded inputs stay what they were. */
export function taskOf({ task }: LoopSpec): { task?: 'detection' } {
  return task === 'detection' ? { task } : {};
}

/** Path of a round's file inside the loop's folder. */
export function roundFile(round: number, name: string): string {
  return `rounds/${round}/${name}.json`;
}

/** Whose files a training's are: a round's own, or those of a nested part of the first round's images. */
export interface TrainingPlace {
  round: number;
  /** The part, 0–1; absent for the whole round. */
  share?: number;
}

/** Path of a training's file inside the loop's folder: a part's lie in a folder of their own, `rounds/1/subset-25/`. */
export function trainingFile({ round, share }: TrainingPlace, name: string): string {
  return roundFile(round, share === undefined ? name : `subset-${Math.round(share * 100)}/${name}`);
}

async function readRounds<T>(
  folder: LoopFolder,
  last: number,
  of: { name: string; schema: z.ZodType<T> },
): Promise<T[]> {
  return Promise.all(
    upTo(last).map(async (n) => {
      const found = await folder.readRecord(roundFile(n, of.name), of.schema);
      // To go on without it would quietly change the curve or lose images.
      if (found === undefined) throw new FolderConflictError(roundFile(n, of.name), 'is missing');
      return found;
    }),
  );
}

/** Draws of rounds 1…last, in order. @throws FolderConflictError when one is missing. */
export function readDraws(folder: LoopFolder, last: number): Promise<RoundDraw[]> {
  return readRounds(folder, last, { name: 'draw', schema: RoundDrawSchema });
}

/** Records of rounds 1…last, in order. @throws FolderConflictError when one is missing. */
export function readRecords(folder: LoopFolder, last: number): Promise<RoundRecord[]> {
  return readRounds(folder, last, { name: 'record', schema: RoundRecordSchema });
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}
