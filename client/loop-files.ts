import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { FolderConflictError, systemCode } from '../data/errors.ts';
import { readJournal } from '../data/journal.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { withChanges } from '../loop/changes.ts';
import {
  type DecisionFile,
  DecisionFileSchema,
  type LoopFile,
  LoopFileSchema,
  LoopResultSchema,
  RoundRecordSchema,
} from '../loop/files.ts';
import { changesOf, type JournalEntry } from '../loop/journal.ts';
import type { LoopResult } from '../loop/outcome.ts';
import type { ClassCounts, RoundRecord } from '../loop/round.ts';
import { LoopNameSchema, type LoopSpec, LoopSpecSchema } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/** What a loop's folder tells without Temporal. */
export interface LoopFiles {
  loop: LoopFile;
  /** The spec in force: as the loop was started, with what people changed since. Null only for a start that was cut off between its two files. */
  spec: LoopSpec | null;
  /** The spec that the loop was started with, which its identity is made of; null as above. */
  startedWith: LoopSpec | null;
  /** What people said to the loop, as far as it is written down. */
  journal: JournalEntry[];
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
  const startedWith = await readAs(folder, 'spec.json', LoopSpecSchema);
  const journal = await journalOf(folder);
  return {
    loop,
    spec: startedWith ? withChanges(startedWith, changesOf(journal)) : null,
    startedWith: startedWith ?? null,
    journal,
    rounds,
    perClass: decided?.input.perClass ?? {},
    evaluationImages: decided?.input.settings.evaluationImages ?? null,
    lastDecision: decided?.decision.sentence ?? '',
    warnings: decided?.decision.warnings ?? [],
    result: (await readAs(folder, 'outcome.json', LoopResultSchema)) ?? null,
  };
}

/**
 * The spec in force: what a loop was started with, with what people changed since, as far as that is written down; undefined where
 * its folder is not seen. @throws CliError as `readLoopFiles`.
 */
export async function readSpec(folder: LoopFolder): Promise<LoopSpec | undefined> {
  const spec = await readAs(folder, 'spec.json', LoopSpecSchema);
  return spec && withChanges(spec, changesOf(await journalOf(folder)));
}

/** What people said to a loop; empty where nobody did. @throws CliError as `readLoopFiles`. */
export async function journalOf(folder: LoopFolder): Promise<JournalEntry[]> {
  try {
    return await readJournal(folder);
  } catch (error) {
    if (!(error instanceof FolderConflictError)) throw error;
    throw notOurs(folder.resolve(error.file), error.message);
  }
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
  throw notOurs(folder.resolve(relative), z.prettifyError(parsed.error));
}

function notOurs(path: string, problem: string): CliError {
  return new CliError(`${path} does not hold what deltaloop writes there: ${problem}`, {
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
