import { constants, existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  type FileHandle,
  link,
  lstat,
  mkdir,
  open,
  rename,
  rm,
  stat,
  truncate,
} from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { diskIsFull, needsSpace, noSpace } from './disk-fault.ts';
import { systemCode } from './errors.ts';
import { temporaryFor } from './temporaries.ts';

/** Puts content into a temporary file whose path it is given. */
export type Fill = (temporary: string) => Promise<void>;

/**
 * Makes a folder (0700) with its parents, durably.
 * @throws the system's error.
 */
export async function makeFolder(path: string): Promise<void> {
  if (!existsSync(path)) needsSpace('mkdir', path);
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
      needsSpace('link', path);
      await link(temporary, path);
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      if (!WITHOUT_LINKS.has(systemCode(error) ?? '')) throw error;
      return moveFolder(temporary, path);
    }
    await syncFolder(dirname(path));
    return true;
  });
}

/**
 * What file systems say that know no hard links, such as exFAT on a stick or some network shares. There a name is looked up and then taken:
 * two writers of one moment may both believe to be first, and every file of a loop has one content whoever writes it.
 */
const WITHOUT_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Replaces a file, or creates it, with a whole content or not at all: temporary file, fsync, rename.
 * @throws the system's error.
 */
export async function replaceWhole(path: string, fill: Fill): Promise<void> {
  await withTemporary(path, async (temporary) => {
    await fill(temporary);
    needsSpace('rename', path);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  });
}

/** Writes content to a new file (0600) and waits until it is on the disk. */
export function fillWith(content: string | Uint8Array): Fill {
  return async (temporary) => {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await writeAll(file, content, temporary);
      await file.sync();
    } finally {
      await file.close();
    }
  };
}

/** Writes a stream to a new file (0600) and waits until it is on the disk. */
export function fillStream(source: Readable): Fill {
  // It may fail before anybody reads it; the reader below is told all the same.
  source.on('error', () => undefined);
  return async (temporary) => {
    const file = await open(temporary, 'wx', 0o600);
    try {
      for await (const piece of source) {
        needsSpace('write', temporary);
        await file.writeFile(piece);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  };
}

/**
 * Gives a folder, or a file, that is whole its final name, durably.
 * @returns false when something of that name is there already (it is left as it is).
 * @throws the system's error.
 */
export async function moveFolder(temporary: string, path: string): Promise<boolean> {
  needsSpace('rename', path);
  try {
    // A rename would take the place of an empty folder.
    await lstat(path);
    return false;
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  try {
    await rename(temporary, path);
  } catch (error) {
    if (['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

/** Copies a file (0600; shares its blocks where the file system can) and waits until the copy is on the disk. */
export function fillFrom(source: string): Fill {
  return async (temporary) => {
    await copyFile(source, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    if (diskIsFull()) await cutInHalf(temporary);
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

/** Another name for a file of ours; a copy where the file system knows no hard links, or the file lies on another one. */
export function fillByLink(source: string): Fill {
  return async (temporary) => {
    try {
      await link(source, temporary);
    } catch (error) {
      const code = systemCode(error) ?? '';
      if (code !== 'EXDEV' && !WITHOUT_LINKS.has(code)) throw error;
      await fillFrom(source)(temporary);
    }
  };
}

async function writeAll(file: FileHandle, content: string | Uint8Array, path: string): Promise<void> {
  if (!diskIsFull()) return file.writeFile(content);
  const bytes = Buffer.from(content);
  await file.writeFile(bytes.subarray(0, bytes.length / 2));
  throw noSpace('write', path);
}

async function cutInHalf(path: string): Promise<never> {
  await chmod(path, 0o600);
  await truncate(path, Math.floor((await stat(path)).size / 2));
  throw noSpace('copyfile', path);
}

async function withTemporary<T>(path: string, use: (temporary: string) => Promise<T>): Promise<T> {
  const temporary = temporaryFor(path);
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
