import { open } from 'node:fs/promises';
import { SourceUnreadableError, systemCode } from './errors.ts';

const MEGABYTE = 1_000_000;

/**
 * The text of a file that somebody handed in, read only if it is a plain file of at most `maxBytes`.
 * @throws SourceUnreadableError that says how large it is; also for a pipe, which may never end.
 */
export async function readBounded(path: string, maxBytes: number): Promise<string> {
  try {
    await using file = await open(path);
    const facts = await file.stat();
    if (!facts.isFile()) throw new SourceUnreadableError(path, 'is not a file');
    if (facts.size > maxBytes) {
      const sizes = `${(facts.size / MEGABYTE).toFixed(1)} MB; at most ${maxBytes / MEGABYTE} MB are read`;
      throw new SourceUnreadableError(path, `has ${sizes}`);
    }
    return await file.readFile('utf8');
  } catch (error) {
    if (error instanceof SourceUnreadableError) throw error;
    throw new SourceUnreadableError(path, `cannot be read (${systemCode(error)})`, { cause: error });
  }
}
