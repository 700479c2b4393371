import { z } from 'zod';
import { openLineFile } from '../data/line-file.ts';
import { jsonOrUndefined } from '../loop/json.ts';

/** What has been predicted so far, kept on disk, so that a retry goes on where the last try stopped. */
export interface PredictionJournal<T> {
  /** By the image's SHA-256. */
  known: ReadonlyMap<string, T>;
  /** Keeps one prediction. @throws what an earlier one could not be written for. */
  add(image: string, prediction: T): void;
  /** Waits until everything is written. @throws DiskFullError */
  close(): Promise<void>;
}

/** How a prediction stands in a line of the journal. */
export interface JournalEntry<T> {
  key: string;
  schema: z.ZodType<T>;
}

/** Opens a journal, or begins one (0600). Lines are written together as they come, without waiting for each. */
export async function openPredictionJournal<T>(path: string, entry: JournalEntry<T>): Promise<PredictionJournal<T>> {
  const file = await openLineFile(path);
  const known = readLines(file.lines, entry);
  return {
    known,
    add: (image, prediction) => {
      known.set(image, prediction);
      file.add(JSON.stringify({ image, [entry.key]: prediction }));
    },
    close: () => file.close(),
  };
}

const LineSchema = z.looseObject({ image: z.string() });

/** A line that is no prediction is passed over: its image is predicted again. */
function readLines<T>(lines: readonly string[], { key, schema }: JournalEntry<T>): Map<string, T> {
  const known = new Map<string, T>();
  for (const line of lines) {
    const entry = LineSchema.safeParse(jsonOrUndefined(line)).data;
    const prediction = schema.safeParse(entry?.[key]);
    if (entry && prediction.success) known.set(entry.image, prediction.data);
  }
  return known;
}
