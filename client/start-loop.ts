import type { Client } from '@temporalio/client';
import { LoopFolder } from '../data/loop-folder.ts';
import { specHash } from '../data/spec-hash.ts';
import type { Task } from '../loop/metrics.ts';
import type { LoopResult } from '../loop/outcome.ts';
import type { LoopOrigin } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { firstRound } from './first-round.ts';
import { refuseImported } from './imported-file.ts';
import { readLoopFiles } from './loop-files.ts';
import { claimFolder, refuseOtherSpec } from './loop-identity.ts';
import { readOrigin } from './loop-origin.ts';
import { describeLoop, readLoop } from './loop-view.ts';
import { readPlanSources } from './plan-sources.ts';
import { planSentences } from './plan-text.ts';
import { checkSources } from './source-check.ts';
import { readSpecFile } from './spec-file.ts';
import { startWorkflow } from './start-workflow.ts';

export interface StartOptions {
  client: Client;
  home: string;
  /** The YAML or JSON file. */
  specPath: string;
  /** The loop whose images the new one takes over; absent to begin with nothing. */
  from?: string | undefined;
  taskQueue: string;
  /** Told the plan and warnings, a line at a time. */
  say: (text: string) => void;
}

export type StartResult =
  | { kind: 'started' | 'attached'; loop: string; specHash: string }
  | { kind: 'finished'; loop: string; result: LoopResult };

/** A spec that may be started: it makes sense, its name is free or its own, its sources can be read. */
export interface PreparedStart {
  spec: LoopSpec;
  /** The loop whose images it takes over. */
  from: LoopOrigin | undefined;
  /** How the loop of this name and spec ended; null when it has not. */
  earlier: LoopResult | null;
}

/**
 * Everything about a start that needs no server.
 * @param minimum images of a class that the vision service trains on at least; the cap on images is held against it where it is given
 * @throws CliError (exit 2) when the spec makes no sense, its sources cannot be read, its cap on images has no room for a first round, or
 *   its name was used with another spec.
 */
export async function prepareStart(
  { home, specPath, from: origin }: Pick<StartOptions, 'home' | 'specPath' | 'from'>,
  minimum?: (task: Task) => number,
): Promise<PreparedStart> {
  const spec = await readSpecFile(specPath);
  const from = origin === undefined ? undefined : await readOrigin(home, origin, spec);
  const folder = LoopFolder.at(home, spec.name);
  const files = await readLoopFiles(folder);
  if (files && !files.result) await refuseImported(folder, spec.name);
  // Sources are looked at once: a loop that was started owns copies, and its pool may have moved since.
  if (files) refuseOtherSpec(folder, files, { spec, from });
  else {
    await checkSources(spec);
    if (minimum) await checkImageCap(spec, minimum(spec.task));
  }
  return { spec, from, earlier: files?.result ?? null };
}

/** Lists the pool only where its classes are needed: a loop whose cap is too small would use up its name. */
async function checkImageCap(spec: LoopSpec, minimum: number): Promise<void> {
  if (spec.caps.images === undefined) return;
  firstRound(spec, spec.classes ?? (await readPlanSources(spec)).classes, minimum);
}

/**
 * Starts the loop of a spec file, or attaches to the running loop of the same name and spec, or tells the outcome of the
 * finished one. Never starts a second loop of one name.
 * @throws CliError when the spec makes no sense or differs from the running loop's, or Temporal refuses.
 */
export async function startLoop(options: StartOptions): Promise<StartResult> {
  const { client, home, say } = options;
  const { spec, from, earlier } = await prepareStart(options);
  const loop = spec.name;
  if (earlier) return { kind: 'finished', loop, result: earlier };
  const view = await readLoop({ client, home, loop });
  if (view.kind === 'finished') return { kind: 'finished', loop, result: view.result };
  if (view.kind === 'broken')
    throw new CliError(`Loop ${loop}: ${view.progress.state}.`, {
      exitCode: EXIT.unexpected,
      next: view.progress.next,
    });
  if (view.kind === 'running') return attach(options, spec, from);
  for (const line of [...planSentences(spec), ...warningsOf(spec), ...takenWords(from)]) say(line);
  const identity = await claimFolder(LoopFolder.at(home, loop), spec, from);
  return (await startWorkflow(options, { spec, identity }))
    ? { kind: 'started', loop, specHash: identity.specHash }
    : attach(options, spec, from);
}

function warningsOf(spec: LoopSpec): string[] {
  if (spec.evaluation) return [];
  return [
    'Warning: no evaluation set. The metric will be the service’s own hold-out: optimistic, and not comparable between rounds. Add `evaluation.path` to the spec for a frozen yardstick.',
  ];
}

function takenWords(from: LoopOrigin | undefined): string[] {
  if (from === undefined) return [];
  return [
    `Its first round takes over every image that loop ${from.loop} trained on, after they were checked against the evaluation set; it collects nothing but what the service’s minimum asks for, and trains once.`,
  ];
}

/** Joins a loop that Temporal runs already, if it is the loop of this spec and of this home. */
async function attach({ client, home }: StartOptions, spec: LoopSpec, from?: LoopOrigin): Promise<StartResult> {
  const loop = spec.name;
  const hash = specHash(spec, from);
  const folder = LoopFolder.at(home, loop);
  const memo = (await describeLoop({ client, home, loop }))?.memo ?? {};
  if (!(await folder.exists())) throw otherFolder(loop, memo['folder'], folder.path);
  if (memo['specHash'] === hash) return { kind: 'attached', loop, specHash: hash };
  throw new CliError(`Loop ${loop} runs with another spec (hash ${String(memo['specHash'])}, yours ${hash}).`, {
    exitCode: EXIT.usage,
    next: 'Give this spec another `name`.',
  });
}

/** The error for a loop whose folder this client does not see. */
function otherFolder(loop: string, theirs: unknown, mine: string): CliError {
  const where = typeof theirs === 'string' ? theirs : 'another folder';
  return new CliError(
    `Loop ${loop} runs with its files in ${where}, but this client looks in ${mine}, where nothing is.`,
    {
      exitCode: EXIT.usage,
      next: 'Set DELTALOOP_HOME to the home that the loop’s worker uses, or give the spec another `name`.',
    },
  );
}
