import { appendFile, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { jsonOrUndefined } from '../../loop/json.ts';

/** A run as a line of the results file. */
export const RunResultSchema = z.object({
  seed: z.number(),
  loops: z.array(z.object({ name: z.string(), kind: z.string(), outcome: z.string(), answers: z.array(z.string()) })),
  disturbances: z.array(
    z.object({ kind: z.string(), on: z.string().optional(), atMs: z.number(), result: z.string() }),
  ),
  /** What there was to check: decided rounds, model names that were asked for, and those among them that followed another one. */
  done: z.object({ rounds: z.number(), trainings: z.number(), further: z.number() }).optional(),
  /** Processes that ended without being killed by the harness. */
  crashes: z.array(z.string()),
  seconds: z.number(),
  problems: z.array(z.string()),
  notes: z.array(z.string()),
  /** Folder of the evidence of a failed run. */
  evidence: z.string().optional(),
});
export type RunResult = z.infer<typeof RunResultSchema>;

/** The result of a run that could not be made or checked. */
export function failedRun(seed: number, error: unknown): RunResult {
  const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { seed, loops: [], disturbances: [], crashes: [], seconds: 0, problems: [`harness: ${problem}`], notes: [] };
}

/** Earlier results of a file; none where there is no file. A torn last line is left out. */
export async function readResults(path: string): Promise<RunResult[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => RunResultSchema.safeParse(jsonOrUndefined(line)).data ?? []);
}

/** Appends a line; behind one that was torn it begins anew, or both would be lost. */
export async function addResult(path: string, result: RunResult): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const begin = text === '' || text.endsWith('\n') ? '' : '\n';
  await appendFile(path, `${begin}${JSON.stringify(result)}\n`);
}

/** One line for a run, and one below it for every problem. */
export function runLine({ seed, loops, disturbances, seconds, problems, evidence }: RunResult): string {
  const made = disturbances.map(({ kind, on, atMs, result }) => {
    const refused = result === 'done' ? '' : ' (refused)';
    return `${kind}${on ? ` on ${on}` : ''}@${(atMs / 1000).toFixed(1)}${refused}`;
  });
  const ends = loops.map(({ kind, outcome }) => `${kind} ${outcome}`).join(', ');
  const verdict = problems.length === 0 ? 'ok' : 'FAILED';
  const line = `seed ${seed}: ${ends} | ${made.join(', ')} | ${seconds.toFixed(1)} s ${verdict}`;
  return [line, ...problems.map((problem) => `  ${problem}`), ...(evidence ? [`  evidence: ${evidence}`] : [])].join(
    '\n',
  );
}

/** What all runs came to, as a table for people. */
export function summary(results: readonly RunResult[]): string {
  const failed = results.filter(({ problems }) => problems.length > 0);
  const seconds = results.map((each) => each.seconds).toSorted((a, b) => a - b);
  const at = (share: number) =>
    (seconds[Math.min(seconds.length - 1, Math.floor(share * seconds.length))] ?? 0).toFixed(1);
  return [
    '',
    `${results.length} runs, ${failed.length} failed; seconds a run: median ${at(0.5)}, longest ${at(1)}`,
    doneIn(results),
    ...table(
      'disturbances',
      results.flatMap(({ disturbances }) => disturbances.map(({ kind }) => kind)),
    ),
    ...table(
      'loops and how they ended',
      results.flatMap(({ loops }) => loops.map(({ kind, outcome }) => `${kind}: ${outcome}`)),
    ),
    ...table(
      'answers of the operator',
      results.flatMap(({ loops }) => loops.flatMap(({ answers }) => answers)),
    ),
    ...table(
      'notes',
      results.flatMap(({ notes }) => notes),
    ),
    ...table(
      'processes that ended by themselves',
      results.flatMap(({ crashes }) => crashes),
    ),
    ...(failed.length === 0 ? [] : [`failed seeds: ${failed.map(({ seed }) => seed).join(', ')}`]),
  ].join('\n');
}

/** A busy machine leaves loops little time before they are told to stop: a series that did nothing shows nothing. */
function doneIn(results: readonly RunResult[]): string {
  const sum = (of: 'rounds' | 'trainings' | 'further') => results.reduce((all, { done }) => all + (done?.[of] ?? 0), 0);
  return `checked: ${sum('rounds')} decided rounds, ${sum('trainings')} trainings, ${sum('further')} of them after one that came to nothing`;
}

function table(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const counts = [...Map.groupBy(items, (item) => item)].map(([item, of]) => [item, of.length] as const);
  return [
    '',
    `${title} (${items.length})`,
    ...counts.toSorted((a, b) => b[1] - a[1]).map(([item, n]) => `${String(n).padStart(6)}  ${item}`),
  ];
}
