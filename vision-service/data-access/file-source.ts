import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SourceError } from './errors.ts';

/**
 * Reads a file URI. The file's real path, with all links followed, must lie below one of the roots.
 *
 * @throws {SourceError} for a file outside the roots, one that cannot be read, or one with more than `maxBytes`
 */
export async function readLocalFile(uri: string, limits: { roots: readonly string[]; maxBytes: number }) {
  const file = localPath(uri);
  try {
    const real = await realpath(file);
    await requireBelow(real, limits.roots, file);
    return await readBounded(real, file, limits.maxBytes);
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
export function isBelow(file: string, root: string): boolean {
  const relative = path.relative(root, file);
  return relative === '' || (!relative.startsWith(`..${path.sep}`) && relative !== '..' && !path.isAbsolute(relative));
}

async function requireBelow(real: string, roots: readonly string[], shown: string): Promise<void> {
  for (const root of roots) {
    // A root that does not exist yet allows nothing.
    const realRoot = await realpath(root).catch(() => undefined);
    if (realRoot !== undefined && isBelow(real, realRoot)) return;
  }
  throw new SourceError(`${shown} lies outside the folders that this service may read`);
}

/** Anything but a plain file may never end, or never begin. */
async function readBounded(real: string, shown: string, maxBytes: number): Promise<Buffer> {
  const facts = await stat(real);
  if (!facts.isFile()) throw new SourceError(`${shown} is not a file`);
  if (facts.size > maxBytes) throw new SourceError(`${shown} has ${facts.size} bytes, more than ${maxBytes}`);
  return readFile(real);
}
