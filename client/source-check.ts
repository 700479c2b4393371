import { access, constants, stat } from 'node:fs/promises';
import { sep } from 'node:path';
import { systemCode } from '../data/errors.ts';
import type { Task } from '../loop/metrics.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/**
 * Looks whether the places that a resolved spec names can be read here, before anything is started.
 * @throws CliError (exit 2) naming every place that is missing, unreadable, or both pool and evaluation set.
 */
export async function checkSources(spec: LoopSpec): Promise<void> {
  const sources: [string, string][] = [];
  if (spec.collector.kind === 'pool') sources.push(['collector.path', spec.collector.path]);
  if (spec.evaluation) sources.push(['evaluation.path', spec.evaluation.path]);
  const found = await Promise.all(sources.map(([field, path]) => problemOf(field, path, spec.task)));
  const problems = [...found.flatMap((problem) => problem ?? []), ...overlap(spec)];
  if (problems.length === 0) return;
  throw new CliError(['Nothing was started:', ...problems.map((problem) => `  ${problem}`)].join('\n'), {
    exitCode: EXIT.usage,
    next: 'Mend these paths in the spec (they are relative to the spec file) and type the command again.',
  });
}

const WHY: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'cannot be read: permission denied',
};

async function problemOf(field: string, path: string, task: Task): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    const isFolder = (await stat(path)).isDirectory();
    if (isFolder && task === 'detection')
      return `${field}: ${path} is a folder; detection needs boxes, which folders of images do not have: give a COCO .json file`;
    if (!isFolder && !path.endsWith('.json')) return `${field}: ${path} is neither a folder nor a COCO .json file`;
    return undefined;
  } catch (error) {
    const why = WHY[systemCode(error) ?? ''];
    if (why === undefined) throw error;
    return `${field}: ${path} ${why}`;
  }
}

/** An evaluation set inside the pool, or the other way round, would be trained on. */
function overlap({ collector, evaluation }: LoopSpec): string[] {
  if (collector.kind !== 'pool' || !evaluation) return [];
  const [pool, yardstick] = [collector.path + sep, evaluation.path + sep];
  if (!pool.startsWith(yardstick) && !yardstick.startsWith(pool)) return [];
  return [
    `evaluation.path: ${evaluation.path} overlaps the pool ${collector.path}; an evaluation set is never trained on`,
  ];
}
