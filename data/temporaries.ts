import { randomUUID } from 'node:crypto';
import { lstat, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from './errors.ts';

const TEMPORARY = /^\..+\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** No write takes so long, not even one of a worker that was stopped and goes on: milliseconds. */
export const LEFTOVER_AFTER_MS = 24 * 3600_000;

/** A new name beside `path` for what is not whole yet. */
export function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
}

/** Whether a file name is that of a write under way, or of one that a kill cut off. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/**
 * Removes the temporary files below a folder that nobody writes any more: those whose inode has not changed for a day. (A link's
 * modification time is that of what it links to, so it is the change time that counts.)
 * @param now epoch milliseconds
 * @returns their paths, relative to the folder; none when there is no such folder.
 */
export async function sweepTemporaries(root: string, now = Date.now()): Promise<string[]> {
  const swept: string[] = [];
  for (const file of await filesBelow(root)) {
    if (!isTemporary(basename(file))) continue;
    const path = join(root, file);
    const { ctimeMs } = await lstat(path).catch(goneIsFine);
    if (now - ctimeMs < LEFTOVER_AFTER_MS) continue;
    await rm(path, { force: true });
    swept.push(file);
  }
  return swept.sort();
}

async function filesBelow(root: string): Promise<string[]> {
  try {
    return await readdir(root, { recursive: true });
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Its write may have ended since the listing. */
function goneIsFine(error: unknown): { ctimeMs: number } {
  if (systemCode(error) === 'ENOENT') return { ctimeMs: Number.POSITIVE_INFINITY };
  throw error;
}
