import type { z } from 'zod';
import { FolderMissingError } from '../data/errors.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { LoopFileSchema, RoundDrawSchema, RoundRecordSchema } from '../loop/files.ts';
import type { RoundDraw, RoundRecord } from '../loop/round.ts';
import { type LoopSpec, LoopSpecSchema } from '../loop/spec.ts';

/** A loop's folder with its spec: where every activity begins. */
export interface LoopFiles {
  folder: LoopFolder;
  spec: LoopSpec;
  instanceId: string;
}

/**
 * Opens a loop's folder.
 * @throws FolderMissingError when this worker does not see it.
 */
export async function openLoop(home: string, loop: string): Promise<LoopFiles> {
  const folder = LoopFolder.at(home, loop);
  const spec = await folder.readRecord('spec.json', LoopSpecSchema);
  const file = await folder.readRecord('loop.json', LoopFileSchema);
  if (!spec || !file) throw new FolderMissingError(folder.path);
  return { folder, spec, instanceId: file.instanceId };
}

/** Path of a round's file inside the loop's folder. */
export function roundFile(round: number, name: string): string {
  return `rounds/${round}/${name}.json`;
}

async function readRounds<T>(
  folder: LoopFolder,
  last: number,
  of: { name: string; schema: z.ZodType<T> },
): Promise<T[]> {
  const found = await Promise.all(upTo(last).map((n) => folder.readRecord(roundFile(n, of.name), of.schema)));
  return found.filter((value) => value !== undefined);
}

/** Draws of rounds 1…last, in order. */
export function readDraws(folder: LoopFolder, last: number): Promise<RoundDraw[]> {
  return readRounds(folder, last, { name: 'draw', schema: RoundDrawSchema });
}

/** Records of those of the rounds 1…last that were decided, in order. */
export function readRecords(folder: LoopFolder, last: number): Promise<RoundRecord[]> {
  return readRounds(folder, last, { name: 'record', schema: RoundRecordSchema });
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}
