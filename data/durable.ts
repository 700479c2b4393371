import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode } from './errors.ts';

/** Puts content into a temporary file whose path it is given. */
export type Fill = (temporary: string) => Promise<void>;

/**
 * Makes a folder (0700) with its parents, durably.
 * @throws the system's error.
 */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 });
  if (first !== undefined) await syncFolder(dirname(first));
}

/**
 * Creates a file with a whole content or not at all, and never over an existing one: temporary file in the same
 * folder, fsync, hard link to the final name, fsync of the folder. The temporary file never stays.
 * @returns false when a file of that name is there already (it is left as it is).
 * @throws the system's error.
 */
export async function createExclusive(path: string, fill: Fill): Promise<boolean> {
  return withTemporary(path, async (temporary) => {
    await fill(temporary);
    try {
      await link(temporary, path);
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    }
    await syncFolder(dirname(path));
    return true;
  });
}

/**
 * Replaces a file, or creates it, with a whole content or not at all: temporary file, fsync, rename.
 * @throws the system's error.
 */
export async function replaceWhole(path: string, fill: Fill): Promise<void> {
  await withTemporary(path, async (temporary) => {
    await fill(temporary);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  });
}

/** Writes content to a new file (0600) and waits until it is on the disk. */
export function fillWith(content: string | Uint8Array): Fill {
  return async (temporary) => {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  };
}

/** Copies a file (0600; shares its blocks where the file system can) and waits until the copy is on the disk. */
export function fillFrom(source: string): Fill {
  return async (temporary) => {
    await copyFile(source, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // The copy has the source's mode, which may not even let us open it.
    await chmod(temporary, 0o600);
    const file = await open(temporary, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  };
}

async function withTemporary<T>(path: string, use: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    return await use(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
