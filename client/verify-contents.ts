import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { CHECKSUMS_FILE, parseChecksums, sha256InName } from '../data/checksums.ts';
import { mapAtOnce } from '../data/concurrency.ts';
import { systemCode } from '../data/errors.ts';
import { hashFile } from '../data/hash.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { foreignJson } from '../loop/json.ts';
import { isImage, schemaOf } from './verify-kinds.ts';
import { type Trouble, trouble } from './verify-trouble.ts';

/** As many as keep a disk busy; each holds at most a megabyte. */
const AT_ONCE = 8;

export interface HashedContents {
  troubles: Trouble[];
  /** Files with a trouble of their own: what is compared with them would only say it again. */
  damaged: Set<string>;
  bytes: number;
  /** Whether the hashes that were recorded as the loop ended are there. */
  recorded: boolean;
}

export type Progress = (done: number, total: number) => void;

/**
 * Reads every file: images and batches against the hash in their name, all against the recorded hashes where there are any, JSON
 * files against their schema.
 */
export async function hashContents(
  folder: LoopFolder,
  files: readonly string[],
  progress: Progress,
): Promise<HashedContents> {
  const troubles: Trouble[] = [];
  const sums = files.includes(CHECKSUMS_FILE) ? await readSums(folder, troubles) : undefined;
  const listed = new Set(files);
  for (const file of sums?.keys() ?? []) if (!listed.has(file)) troubles.push(trouble('missing', file, 'is missing'));
  let [done, bytes] = [0, 0];
  const found = await mapAtOnce(files, AT_ONCE, async (file) => {
    const checked = await checkFile(folder.resolve(file), file, sums?.get(file));
    done += 1;
    bytes += checked.bytes;
    progress(done, files.length);
    return checked.trouble;
  });
  troubles.push(...found.filter((each) => each !== undefined));
  return { troubles, damaged: new Set(troubles.map(({ file }) => file)), bytes, recorded: sums !== undefined };
}

async function readSums(folder: LoopFolder, troubles: Trouble[]): Promise<Map<string, string> | undefined> {
  const sums = parseChecksums(await readFile(folder.resolve(CHECKSUMS_FILE), 'utf8').catch(() => ''));
  if (sums === undefined)
    troubles.push(trouble('changed', CHECKSUMS_FILE, 'does not hold what was written there: its own hash differs'));
  return sums;
}

interface CheckedFile {
  bytes: number;
  trouble?: Trouble | undefined;
}

async function checkFile(path: string, file: string, recorded: string | undefined): Promise<CheckedFile> {
  try {
    const schema = schemaOf(file);
    const named = sha256InName(file);
    if (schema === undefined) {
      const { sha256, bytes } = await hashFile(path);
      return { bytes, trouble: differing(file, sha256, { named, recorded }) };
    }
    const content = await readFile(path);
    const sha256 = hash('sha256', content, 'hex');
    return {
      bytes: content.length,
      trouble: differing(file, sha256, { named, recorded }) ?? misfit(file, content, schema),
    };
  } catch (error) {
    return { bytes: 0, trouble: unread(file, systemCode(error)) };
  }
}

/** A file that vanished since it was listed is no trouble by itself: a journal goes when its step ends. */
function unread(file: string, code: string | undefined): Trouble | undefined {
  return code === 'ENOENT' ? undefined : trouble('unreadable', file, `cannot be read (${code ?? 'unknown error'})`);
}

function differing(
  file: string,
  sha256: string,
  { named, recorded }: Record<'named' | 'recorded', string | undefined>,
): Trouble | undefined {
  if (named !== undefined && named !== sha256)
    return trouble(isImage(file) ? 'image' : 'changed', file, 'does not hold the bytes of its name');
  if (recorded === undefined || recorded === sha256) return undefined;
  const kind = file === 'report.html' ? 'derived' : 'changed';
  return trouble(kind, file, 'does not hold the bytes that it had when the loop ended');
}

function misfit(file: string, content: Buffer, schema: z.ZodType): Trouble | undefined {
  const json = foreignJson(content.toString('utf8'));
  if ('problem' in json) return trouble('changed', file, json.problem);
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return undefined;
  const problems = z.prettifyError(parsed.error).replaceAll(/\s+/g, ' ');
  return trouble('changed', file, `does not hold what deltaloop writes there: ${problems}`);
}
