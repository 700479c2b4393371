import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { SourceUnreadableError, systemCode } from './errors.ts';

const MEGABYTE = 1_000_000;

/** How much is read of a file from outside. */
export interface Bound {
  maxBytes: number;
  /** What to do about a larger file, e.g. `hand the images in as several files`. */
  instead: string;
}

/** Why a file of so many bytes is not read, as the rest of a sentence with both sizes; undefined when it is. */
export function sizeProblem(bytes: number, { maxBytes, instead }: Bound): string | undefined {
  if (bytes <= maxBytes) return undefined;
  return `has ${(bytes / MEGABYTE).toFixed(1)} MB; at most ${maxBytes / MEGABYTE} MB are read: ${instead}`;
}

/**
 * The text of a file that somebody handed in, read only if it is a plain file within its bound.
 * @throws SourceUnreadableError that says how large it is; also for a pipe, which may never end.
 */
export async function readBounded(path: string, bound: Bound): Promise<string> {
  try {
    // Opened without waiting for the other end of a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const facts = await file.stat();
    if (!facts.isFile()) throw new SourceUnreadableError(path, 'is not a file');
    const problem = sizeProblem(facts.size, bound);
    if (problem !== undefined) throw new SourceUnreadableError(path, problem);
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof SourceUnreadableError) throw error;
    throw new SourceUnreadableError(path, `cannot be read (${systemCode(error)})`, { cause: error });
  }
}
