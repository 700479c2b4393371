import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { systemCode } from '../data/errors.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import {
  type DecisionFile,
  DecisionFileSchema,
  type LoopFile,
  LoopFileSchema,
  LoopResultSchema,
  RoundRecordSchema,
} from '../loop/files.ts';
import type { LoopResult } from '../loop/outcome.ts';
import type { ClassCounts, RoundRecord } from '../loop/round.ts';
import { LoopNameSchema, type LoopSpec, LoopSpecSchema } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** What a loop's folder tells without Temporal. */
export interface LoopFiles {
  loop: LoopFile;
  /** Null only for a start that was cut off between its two files. */
  spec: LoopSpec | null;
  rounds: RoundRecord[];
  /** Training images per class at the last decision. */
  perClass: ClassCounts;
  evaluationImages: number | null;
  lastDecision: string;
  warnings: string[];
  result: LoopResult | null;
}

/**
 * Reads a loop's folder; undefined when no loop was started there.
 * @throws CliError when a file of it does not hold what deltaloop writes there.
 */
export async function readLoopFiles(folder: LoopFolder): Promise<LoopFiles | undefined> {
  const loop = await readAs(folder, 'loop.json', LoopFileSchema);
  if (!loop) return undefined;
  const rounds = await readRecords(folder);
  const last = rounds.at(-1);
  const decided = last && (await readDecision(folder, last.round));
  return {
    loop,
    spec: (await readSpec(folder)) ?? null,
    rounds,
    perClass: decided?.input.perClass ?? {},
    evaluationImages: decided?.input.settings.evaluationImages ?? null,
    lastDecision: decided?.decision.sentence ?? '',
    warnings: decided?.decision.warnings ?? [],
    result: (await readAs(folder, 'outcome.json', LoopResultSchema)) ?? null,
  };
}

/** The spec that a loop was started with; undefined where its folder is not seen. @throws CliError as `readLoopFiles`. */
export function readSpec(folder: LoopFolder): Promise<LoopSpec | undefined> {
  return readAs(folder, 'spec.json', LoopSpecSchema);
}

/** What was decided after a round; undefined where it is not there. @throws CliError as `readLoopFiles`. */
export function readDecision(folder: LoopFolder, round: number): Promise<DecisionFile | undefined> {
  return readAs(folder, `rounds/${round}/decision.json`, DecisionFileSchema);
}

async function readRecords(folder: LoopFolder): Promise<RoundRecord[]> {
  const records: RoundRecord[] = [];
  for (const round of await roundNumbers(folder)) {
    const record = await readAs(folder, `rounds/${round}/record.json`, RoundRecordSchema);
    if (record) records.push(record);
  }
  return records;
}

/** Numbers of the rounds that have files, ascending. */
export async function roundNumbers(folder: LoopFolder): Promise<number[]> {
  const numbers = (await folderNames(folder.resolve('rounds'))).map(Number).filter(Number.isInteger);
  return numbers.sort((a, b) => a - b);
}

async function readAs<T extends z.ZodType>(
  folder: LoopFolder,
  relative: string,
  schema: T,
): Promise<z.output<T> | undefined> {
  const value = await folder.readJson(relative);
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = folder.resolve(relative);
  throw new CliError(`${where} does not hold what deltaloop writes there: ${z.prettifyError(parsed.error)}`, {
    exitCode: EXIT.unexpected,
    next: 'Put the file back from a copy; a loop’s files are never edited by hand.',
  });
}

/** Names of the loops that have a folder under `home`, sorted. */
export async function loopNames(home: string): Promise<string[]> {
  const names = await folderNames(join(home, 'loops'));
  return names.filter((name) => LoopNameSchema.safeParse(name).success);
}

async function folderNames(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}
