import { LoopFolder } from '../data/loop-folder.ts';
import type { Changes } from '../loop/changes.ts';
import type { CommandContext } from './context.ts';
import { readSpec } from './loop-files.ts';
import { parseSets } from './parse-sets.ts';

export interface Asked {
  loop: string;
  pairs: readonly string[];
  /** The command as it was typed, without its options. */
  command: string;
}

/**
 * The changes that `--set` asks for, held against the spec in force where this machine sees it.
 * @throws CliError (exit 2) with every problem.
 */
export async function changesAsked({ settings }: CommandContext, { loop, pairs, command }: Asked): Promise<Changes> {
  const spec = await readSpec(LoopFolder.at(settings.home, loop));
  return parseSets(pairs, { spec, cwd: process.cwd(), command });
}
