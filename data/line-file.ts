import { createWriteStream } from 'node:fs';
import { open, readFile, truncate } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { needsSpace } from './disk-fault.ts';
import { orDiskTrouble, systemCode } from './errors.ts';

/** A file that grows line by line while a step runs: not whole at every moment, but of whole lines once it is opened again. */
export interface LineFile {
  /** Lines that were whole when the file was opened, without their line ends. */
  lines: string[];
  /** Adds a line without waiting for the disk. @throws what an earlier line could not be written for. */
  add(line: string): void;
  /** Waits until every line is with the system. @throws DiskFullError */
  close(): Promise<void>;
}

/**
 * Opens a file of lines, or begins one (0600). A last line that a kill cut off is removed, so that the next line does not grow
 * onto it.
 * @throws DiskFullError; the system's error.
 */
export async function openLineFile(path: string): Promise<LineFile> {
  const bytes = await readIfThere(path);
  const whole = bytes.lastIndexOf('\n') + 1;
  if (whole < bytes.length) await truncate(path, whole);
  const stream = await orDiskTrouble(path, () => openStream(path));
  const written = finished(stream);
  // Told by `add` or `close`; until then nobody waits for it.
  written.catch(() => undefined);
  return {
    lines: bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1),
    add: (line) => {
      if (stream.errored) throw stream.errored;
      needsSpace('write', path);
      stream.write(`${line}\n`);
    },
    close: async () => {
      stream.end();
      await orDiskTrouble(path, () => written);
    },
  };
}

async function openStream(path: string) {
  needsSpace('open', path);
  const file = await open(path, 'a', 0o600);
  return createWriteStream(path, { fd: file });
}

async function readIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
