import type { z } from 'zod';
import { jsonOrUndefined } from '../../../loop/json.ts';
import type { LoopEvidence } from '../evidence.ts';

/** What a check found: problems break an invariant; notes are for the report only. */
export interface Checked {
  problems: string[];
  notes: string[];
}

/** A file of a loop's folder read with a schema; undefined where there is none. @throws ZodError when it does not fit. */
export function readAs<T>({ files }: Pick<LoopEvidence, 'files'>, path: string, schema: z.ZodType<T>): T | undefined {
  const bytes = files.get(path);
  return bytes && schema.parse(jsonOrUndefined(bytes.toString('utf8')));
}

/** The files of every round whose path ends so, by round. */
export function ofRounds({ files }: Pick<LoopEvidence, 'files'>, name: string): { round: number; path: string }[] {
  return [...files.keys()]
    .flatMap((path) => {
      const match = /^rounds\/(\d+)\/(.+)$/.exec(path);
      return match && match[2] === name ? [{ round: Number(match[1]), path }] : [];
    })
    .toSorted((a, b) => a.round - b.round);
}

/** A problem for everything that occurs twice. */
export function repeated<T>(items: readonly T[]): T[] {
  const seen = new Set<T>();
  return items.filter((item) => seen.has(item) || !seen.add(item));
}
