import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';

/** The surest classes of one image with their confidences (0–1), surest first. */
export type Top = [className: string, confidence: number][];

/** What has been predicted so far, kept on disk, so that a retry goes on where the last try stopped. */
export interface PredictionJournal {
  /** By the image's SHA-256. */
  known: ReadonlyMap<string, Top>;
  /** Keeps one prediction. @throws what an earlier one could not be written for. */
  add(image: string, top: Top): void;
  /** Waits until everything is written. @throws the system's error, e.g. of a full disk. */
  close(): Promise<void>;
}

/** Opens a journal, or begins one (0600). Lines are written together as they come, without waiting for each. */
export async function openPredictionJournal(path: string): Promise<PredictionJournal> {
  const known = await readJournal(path);
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  const written = finished(stream);
  // Told by `add` or `close`; until then nobody waits for it.
  written.catch(() => undefined);
  return {
    known,
    add: (image, top) => {
      if (stream.errored) throw stream.errored;
      known.set(image, top);
      stream.write(`${JSON.stringify({ image, top })}\n`);
    },
    close: async () => {
      stream.end();
      await written;
    },
  };
}

/** A torn last line, as a kill leaves it, is predicted again. */
async function readJournal(path: string): Promise<Map<string, Top>> {
  const known = new Map<string, Top>();
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  for (const line of text.split('\n').slice(0, -1)) {
    const { image, top } = parseLine(line) ?? {};
    if (image && top) known.set(image, top);
  }
  return known;
}

function parseLine(line: string): { image: string; top: Top } | null {
  try {
    return JSON.parse(line) as { image: string; top: Top };
  } catch {
    return null;
  }
}
