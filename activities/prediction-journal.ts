import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import { jsonOrUndefined } from '../loop/json.ts';

/** What has been predicted so far, kept on disk, so that a retry goes on where the last try stopped. */
export interface PredictionJournal<T> {
  /** By the image's SHA-256. */
  known: ReadonlyMap<string, T>;
  /** Keeps one prediction. @throws what an earlier one could not be written for. */
  add(image: string, prediction: T): void;
  /** Waits until everything is written. @throws the system's error, e.g. of a full disk. */
  close(): Promise<void>;
}

/** How a prediction stands in a line of the journal. */
export interface JournalEntry<T> {
  key: string;
  schema: z.ZodType<T>;
}

/** Opens a journal, or begins one (0600). Lines are written together as they come, without waiting for each. */
export async function openPredictionJournal<T>(path: string, entry: JournalEntry<T>): Promise<PredictionJournal<T>> {
  const known = await readJournal(path, entry);
  const stream = createWriteStream(path, { flags: 'a', mode: 0o600 });
  const written = finished(stream);
  // Told by `add` or `close`; until then nobody waits for it.
  written.catch(() => undefined);
  return {
    known,
    add: (image, prediction) => {
      if (stream.errored) throw stream.errored;
      known.set(image, prediction);
      stream.write(`${JSON.stringify({ image, [entry.key]: prediction })}\n`);
    },
    close: async () => {
      stream.end();
      await written;
    },
  };
}

const LineSchema = z.looseObject({ image: z.string() });

/** A torn last line, as a kill leaves it, is predicted again. */
async function readJournal<T>(path: string, { key, schema }: JournalEntry<T>): Promise<Map<string, T>> {
  const known = new Map<string, T>();
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  for (const line of text.split('\n').slice(0, -1)) {
    const entry = LineSchema.safeParse(jsonOrUndefined(line)).data;
    const prediction = schema.safeParse(entry?.[key]);
    if (entry && prediction.success) known.set(entry.image, prediction.data);
  }
  return known;
}
