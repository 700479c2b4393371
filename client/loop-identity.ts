import { randomUUID } from 'node:crypto';
import { FolderConflictError } from '../data/errors.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { specHash } from '../data/spec-hash.ts';
import type { LoopFile } from '../loop/files.ts';
import type { LoopOrigin } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type LoopFiles, readLoopFiles } from './loop-files.ts';
import { specDifferences } from './spec-differences.ts';

/**
 * Takes the loop's name: writes `loop.json` and `spec.json` once, or finds them as an earlier start of the same spec left
 * them, so that instance id and start instant never change.
 * @throws CliError (exit 2) when the name belongs to another spec.
 */
export async function claimFolder(folder: LoopFolder, spec: LoopSpec, from?: LoopOrigin): Promise<LoopFile> {
  const mine: LoopFile = {
    schemaVersion: 1,
    loop: spec.name,
    instanceId: randomUUID(),
    specHash: specHash(spec, from),
    ...(from && { from }),
    startedAt: new Date().toISOString(),
  };
  const earlier = await readLoopFiles(folder);
  if (earlier) refuseOtherSpec(folder, earlier, { spec, from });
  else await folder.create();
  const owner = earlier?.loop ?? (await writeFirst(folder, mine, spec));
  // A spec of before lacks keys that came later; it is the same spec all the same, and stays as it is.
  if (!earlier?.startedWith) await folder.writeJsonOnce('spec.json', spec);
  return owner;
}

/** Writes `loop.json`, or reads it where another start at the same moment was faster. */
async function writeFirst(folder: LoopFolder, mine: LoopFile, spec: LoopSpec): Promise<LoopFile> {
  try {
    await folder.writeJsonOnce('loop.json', mine);
    return mine;
  } catch (error) {
    if (!(error instanceof FolderConflictError)) throw error;
    const faster = await readLoopFiles(folder);
    if (!faster) throw error;
    refuseOtherSpec(folder, faster, { spec, from: mine.from });
    return faster.loop;
  }
}

/**
 * Compares a spec with the one that the loop of its name was started with.
 * @throws CliError (exit 2) naming every field that differs.
 */
export function refuseOtherSpec(
  folder: LoopFolder,
  earlier: LoopFiles,
  { spec, from }: { spec: LoopSpec; from: LoopOrigin | undefined },
): void {
  if (earlier.loop.specHash === specHash(spec, from)) return;
  const origins = specDifferences({ '--from': earlier.loop.from?.loop }, { '--from': from?.loop });
  const fields = [...(earlier.startedWith ? specDifferences(earlier.startedWith, spec) : []), ...origins];
  const differs = fields.length > 0 ? fields.map((field) => `  ${field}`) : ['  (the earlier spec was not stored)'];
  const what = earlier.result
    ? `has ended (${earlier.result.outcome}), and it had another spec`
    : 'was started with another spec; a loop never changes its spec';
  const never = earlier.result ? '' : ` (If that start never ran and is not wanted: remove ${folder.path}.)`;
  throw new CliError([`Loop ${spec.name} ${what}. What differs:`, ...differs].join('\n'), {
    exitCode: EXIT.usage,
    next: `Give this spec another \`name\`.${never}`,
  });
}
