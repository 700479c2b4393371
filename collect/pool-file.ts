import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { z } from 'zod';
import { mapAtOnce } from '../data/concurrency.ts';
import { FolderConflictError, SourceUnreadableError, systemCode } from '../data/errors.ts';
import { discardEvaluationSet } from '../data/evaluation-set.ts';
import { fingerprint } from '../data/hash.ts';
import { HEAD_BYTES } from '../data/image-format.ts';
import type { ListedImage } from '../data/listed-image.ts';
import { readListing } from '../data/listing.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { acceptedFormat, checkFile, ImageProblem, readProblem } from '../data/probe.ts';
import { countPerClass } from '../data/set-checks.ts';
import { FindingSchema } from '../loop/files.ts';
import type { Finding } from '../loop/finding.ts';
import type { ClassCounts } from '../loop/round.ts';
import type { CollectContext } from './collector.ts';
import { checkPool } from './pool-checks.ts';
import { type PoolEntry, PoolEntrySchema } from './pool-entry.ts';

const POOL_FILE = 'pool.json';
/** Files are hashed this many at a time. */
const AT_ONCE = 4;

/** `pool.json`. */
export const PoolSchema = z.strictObject({
  schemaVersion: z.literal(1),
  source: z.string(),
  classes: z.array(z.string()),
  images: z.array(PoolEntrySchema),
  findings: z.array(FindingSchema),
});

/** `pool.json`: every distinct image of the pool. */
export type Pool = z.infer<typeof PoolSchema>;

/** The frozen pool; undefined before. @throws FolderConflictError when the file is not a pool. */
export async function readPool(folder: LoopFolder): Promise<Pool | undefined> {
  return folder.readRecord(POOL_FILE, PoolSchema);
}

/** The frozen pool. @throws FolderConflictError when it is missing or is not a pool. */
export async function readPoolOrFail(folder: LoopFolder): Promise<Pool> {
  const pool = await readPool(folder);
  if (pool === undefined) throw new FolderConflictError(POOL_FILE, 'is missing');
  return pool;
}

/** Distinct images per class. */
export function availableIn(pool: Pool): ClassCounts {
  return countPerClass(pool.images, pool.classes);
}

/**
 * Lists and hashes the pool (bytes only: nothing is decoded before it is drawn), checks it, and writes `pool.json`.
 * When it has an error, nothing stays frozen, neither the pool nor the evaluation set, so that either can be mended.
 * When another attempt was first, its listing counts.
 * @throws SourceUnreadableError when the pool, or every file of it, cannot be read; DiskFullError.
 */
export async function freezePool(ctx: CollectContext, source: string): Promise<Pool> {
  const { classes: wanted, task } = ctx.spec;
  const listing = await readListing(source, {
    task,
    ...(wanted ? { classes: wanted, extraClasses: 'leave-out' } : {}),
  });
  const hashed = await hashAll(listing.items, ctx);
  if (hashed.unreadable > 0 && hashed.unreadable === listing.items.length) {
    throw new SourceUnreadableError(source, `cannot be read: not one of its ${hashed.unreadable} images can be opened`);
  }
  const checked = await checkPool(ctx, { classes: listing.classes, entries: hashed.entries });
  const findings = [...listing.findings, ...hashed.findings, ...checked.findings];
  const pool: Pool = { schemaVersion: 1, source, classes: listing.classes, images: checked.distinct, findings };
  if (!findings.some((finding) => finding.severity === 'error')) return commitPool(ctx.folder, pool);
  await discardEvaluationSet(ctx.folder);
  return pool;
}

/** @throws SourceUnreadableError when the pool's folder or file is gone or cannot be read. */
export async function requireSource(source: string): Promise<void> {
  try {
    const folder = (await stat(source)).isDirectory();
    await access(source, folder ? constants.R_OK | constants.X_OK : constants.R_OK);
  } catch (error) {
    const problem =
      systemCode(error) === 'ENOENT' ? 'does not exist any more' : `cannot be read (${systemCode(error)})`;
    throw new SourceUnreadableError(source, problem, { cause: error });
  }
}

/**
 * Tells a pool that is used up from one whose disk is gone.
 * @throws SourceUnreadableError when not one image of the frozen pool is there any more.
 */
export async function requireImages(pool: Pool): Promise<void> {
  for (const { path } of pool.images) {
    if (await isReadable(path)) return;
  }
  throw new SourceUnreadableError(pool.source, `holds not one of its ${pool.images.length} images any more`);
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

async function commitPool(folder: LoopFolder, pool: Pool): Promise<Pool> {
  try {
    await folder.writeJsonOnce(POOL_FILE, pool);
    return pool;
  } catch (error) {
    if (error instanceof FolderConflictError) return readPoolOrFail(folder);
    throw error;
  }
}

interface Hashed {
  entries: PoolEntry[];
  findings: Finding[];
  unreadable: number;
}

async function hashAll(items: readonly ListedImage[], ctx: CollectContext): Promise<Hashed> {
  const hashed: Hashed = { entries: [], findings: [], unreadable: 0 };
  let done = 0;
  const results = await mapAtOnce(items, AT_ONCE, async (item) => {
    ctx.signal?.throwIfAborted();
    const result = await hashItem(item, ctx.quotas.maxImageBytes);
    done += 1;
    ctx.heartbeat(`hashed ${done} of ${items.length} images of the pool`);
    return { item, result };
  });
  for (const { item, result } of results) {
    if (!(result instanceof ImageProblem)) hashed.entries.push(result);
    else {
      hashed.findings.push(result.toFinding(item.name, 'warning'));
      if (result.code === 'image-unreadable') hashed.unreadable += 1;
    }
  }
  return hashed;
}

async function hashItem(item: ListedImage, maxImageBytes: number): Promise<PoolEntry | ImageProblem> {
  try {
    await checkFile(item.path, maxImageBytes);
    const { sha256, head } = await fingerprint(item.path, HEAD_BYTES);
    acceptedFormat(head);
    return { ...item, sha256 };
  } catch (error) {
    return error instanceof ImageProblem ? error : readProblem(error);
  }
}
