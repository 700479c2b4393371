import { LoopFolder } from '../data/loop-folder.ts';
import { whole } from '../decide/format.ts';
import type { LoopOrigin } from '../loop/round.ts';
import { LoopNameSchema, type LoopSpec } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type LoopFiles, readLoopFiles } from './loop-files.ts';
import { unknownLoop } from './require-loop.ts';

/**
 * The loop whose images a new one takes over: one of this home that has ended.
 * @throws CliError (exit 2) with everything that speaks against it.
 */
export async function readOrigin(home: string, from: string, spec: LoopSpec): Promise<LoopOrigin> {
  const files = LoopNameSchema.safeParse(from).success ? await readLoopFiles(LoopFolder.at(home, from)) : undefined;
  if (!files) throw await unknownLoop({ home, loop: from, where: `${home} holds none of that name` });
  const problems = problemsOf(files, spec);
  if (problems.length === 0) return { loop: from, instanceId: files.loop.instanceId };
  throw new CliError([`Nothing was started from loop ${from}:`, ...problems.map((line) => `  ${line}`)].join('\n'), {
    exitCode: EXIT.usage,
    next: files.result
      ? 'Mend the spec and type the command again.'
      : `End it first, or wait for its end: deltaloop stop ${from}`,
  });
}

function problemsOf({ loop, result, startedWith }: LoopFiles, spec: LoopSpec): string[] {
  const problems: string[] = [];
  if (loop.loop === spec.name) problems.push('name: the new loop needs a name of its own');
  if (!result) problems.push('it has not ended yet, and its images may still change');
  const { task, classes } = startedWith ?? {};
  if (task !== undefined && task !== spec.task) problems.push(`task: its images are for ${task}, not for ${spec.task}`);
  const missing = classes?.filter((name) => spec.classes !== undefined && !spec.classes.includes(name)) ?? [];
  if (missing.length > 0) problems.push(`classes: its images also show ${missing.join(', ')}`);
  const cap = spec.caps.images;
  if (cap !== undefined && result && result.images > cap)
    problems.push(`caps.images: ${whole(cap)} has no room for its ${whole(result.images)} images`);
  return problems;
}
