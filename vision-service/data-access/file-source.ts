import { constants } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SourceError } from './errors.ts';

/** Where files may be read from; absolute paths. */
export interface FileRules {
  allowedRoots: readonly string[];
  /** Folders that are never read though they may lie below a root, such as the service's own state, which holds secrets. */
  closedFolders?: readonly string[] | undefined;
}

/**
 * Reads a file URI. The file's real path, with all links followed, must lie below one of the roots.
 *
 * @throws {SourceError} for a file outside the roots, one that cannot be read, or one with more than `maxBytes`
 */
export async function readLocalFile(uri: string, rules: FileRules, maxBytes: number): Promise<Buffer> {
  const file = localPath(uri);
  try {
    const real = await realpath(file);
    if (!mayRead(real, await realRules(rules))) throw outside(file);
    // Opened without waiting for the other end of a pipe, and checked again: folders may have been swapped since.
    await using handle = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await isStill(handle, real))) throw outside(file);
    return await readBounded(handle, file, maxBytes);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new SourceError(`${file} cannot be read (${code})`);
  }
}

/** The path that a file URI names. Throws SourceError for a URI with a host or an encoded slash. */
export function localPath(uri: string): string {
  try {
    return fileURLToPath(uri);
  } catch {
    throw new SourceError('a file URI must name a file of this machine, such as file:///folder/coco.json');
  }
}

/** Whether `file` is `root` or lies below it, by their spelling alone. */
function isBelow(file: string, root: string): boolean {
  const relative = path.relative(root, file);
  return relative === '' || (!relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative));
}

/** Whether a path may be read, by its spelling alone. */
export function mayRead(file: string, { allowedRoots, closedFolders = [] }: FileRules): boolean {
  const below = (folders: readonly string[]) => folders.some((folder) => isBelow(file, folder));
  return below(allowedRoots) && !below(closedFolders);
}

/** What is said of a file that may not be read. */
export function outside(shown: string): SourceError {
  return new SourceError(`${shown} lies outside the folders that this service may read`);
}

/** The same rules with all links followed. A folder that does not exist yet allows nothing and hides nothing. */
async function realRules({ allowedRoots, closedFolders = [] }: FileRules): Promise<FileRules> {
  const real = async (folders: readonly string[]) => {
    const paths = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)));
    return paths.filter((folder) => folder !== undefined);
  };
  return { allowedRoots: await real(allowedRoots), closedFolders: await real(closedFolders) };
}

/** Whether an open file is what its real path names. */
async function isStill(handle: FileHandle, real: string): Promise<boolean> {
  const [opened, named, now] = await Promise.all([handle.stat(), stat(real), realpath(real)]);
  return now === real && opened.dev === named.dev && opened.ino === named.ino;
}

/** Anything but a plain file may never end, or never begin. */
async function readBounded(handle: FileHandle, shown: string, maxBytes: number): Promise<Buffer> {
  const facts = await handle.stat();
  if (!facts.isFile()) throw new SourceError(`${shown} is not a file`);
  if (facts.size > maxBytes) throw new SourceError(`${shown} has ${facts.size} bytes, more than ${maxBytes}`);
  return handle.readFile();
}
