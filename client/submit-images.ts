import { setTimeout as delay } from 'node:timers/promises';
import { copyBatch } from '../collect/submit.ts';
import { DiskFullError } from '../data/errors.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { canonicalJson } from '../data/spec-hash.ts';
import type { Finding } from '../loop/finding.ts';
import type { Task } from '../loop/metrics.ts';
import type { LoopProgress } from '../loop/progress.ts';
import type { ClassCounts } from '../loop/round.ts';
import { submitImages } from '../workflows/messages.ts';
import { CliError } from './cli-error.ts';
import type { CommandContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { readLoopFiles } from './loop-files.ts';
import { describeLoop, readLoop } from './loop-view.ts';
import { requireRunning } from './require-loop.ts';
import { sendUpdate } from './send-update.ts';

/** The loop takes a batch in within a moment; one that brings nothing new changes nothing. */
const TAKING_IN_MS = 3000;

export interface Submission {
  loop: string;
  /** A folder with one sub-folder per class, or a COCO file; for detection a COCO file. */
  directory: string;
  by: string;
}

/** What became of a hand-in. */
export interface Submitted {
  loop: string;
  /** The loop's answer, one sentence; null when no image was fit to be handed in. */
  message: string | null;
  /** Images handed in, per class. */
  counts: ClassCounts;
  /** What the round still asks for per class; null when no worker told. */
  missing: ClassCounts | null;
  findings: Finding[];
}

/**
 * Copies the images of a directory into a loop's folder and reports them to the loop. Handing in the same images again
 * changes nothing.
 * @throws CliError (exit 2) when the loop is unknown, has ended, takes no images from people, or keeps its files where this
 *   client does not see them; all before anything is copied.
 */
export async function submitDirectory(
  context: CommandContext,
  { loop, directory, by }: Submission,
): Promise<Submitted> {
  const { folder, classes, task, progress } = await requireCollecting(context, loop);
  const { manifest, counts, images, findings } = await copyBatch(folder, directory, { classes, task }).catch(
    (error) => {
      throw error instanceof DiskFullError ? noRoom({ loop, directory, folder }, error) : error;
    },
  );
  if (Object.values(counts).every((count) => count === 0))
    return { loop, message: null, counts, missing: null, findings };
  const { client } = await context.connect();
  const batch = { manifest, counts, by, ...(task === 'detection' ? { images } : {}) };
  const message = await sendUpdate({ client, loop }, (handle) =>
    handle.executeUpdate(submitImages, { args: [batch], updateId: manifest.sha256 }),
  );
  return { loop, message, counts, findings, missing: await missingAfter(context, progress) };
}

/** Images are stored by their content, so that a second hand-in takes up what the first has copied. */
function noRoom(
  { loop, directory, folder }: { loop: string; directory: string; folder: LoopFolder },
  cause: DiskFullError,
): CliError {
  return new CliError(
    `The disk of ${folder.path} is full, so the images could not all be copied. Nothing is lost: ${directory} is only read, and the loop has been told of none of them.`,
    {
      exitCode: EXIT.unexpected,
      next: `Free some space on the disk of ${folder.path}, then type: deltaloop submit ${loop} ${directory}`,
      cause,
    },
  );
}

interface Collecting {
  folder: LoopFolder;
  classes: string[];
  task: Task;
  /** As it was before anything was handed in. */
  progress: LoopProgress;
}

async function requireCollecting(context: CommandContext, loop: string): Promise<Collecting> {
  const { home } = context.settings;
  const { progress } = await requireRunning(context, loop);
  const folder = LoopFolder.at(home, loop);
  const spec = (await readLoopFiles(folder))?.spec;
  if (!spec) throw await folderNotSeen(context, folder, loop);
  if (spec.collector.kind === 'people') return { folder, classes: spec.classes ?? [], task: spec.task, progress };
  throw new CliError(`Loop ${loop} draws its images from the pool ${spec.collector.path}; it takes none from people.`, {
    exitCode: EXIT.usage,
    next: 'A loop that people hand images in to has `collector: { kind: people }` in its spec.',
  });
}

async function folderNotSeen(context: CommandContext, folder: LoopFolder, loop: string): Promise<CliError> {
  const { client } = await context.connect();
  const memo = (await describeLoop({ client, home: context.settings.home, loop }))?.memo;
  const where = typeof memo?.['folder'] === 'string' ? memo['folder'] : 'another home';
  return new CliError(
    `Loop ${loop} keeps its files in ${where}; this client looks in ${folder.path}, where they are not. Nothing was copied.`,
    {
      exitCode: EXIT.usage,
      next: 'Set DELTALOOP_HOME to the home that the loop’s worker uses, on a machine that sees it, and type the command again.',
    },
  );
}

/**
 * What is missing once the loop has taken the images in: asked until it changes, for at most `TAKING_IN_MS`; null when the
 * loop has not come as far as asking, or no worker tells.
 */
async function missingAfter(context: CommandContext, before: LoopProgress): Promise<ClassCounts | null> {
  const { client } = await context.connect();
  const ends = Date.now() + TAKING_IN_MS;
  let known = before;
  for (;;) {
    const view = await readLoop({ client, home: context.settings.home, loop: before.loop });
    if (view.kind !== 'running' || view.note !== null) return null;
    if (hasTakenIn(known, view.progress)) return missingOf(view.progress);
    known = view.progress;
    if (Date.now() >= ends) return known.phase === 'preparing' ? null : missingOf(known);
    await delay(200);
  }
}

/** Whether what is missing has changed since, or the round collects no longer. */
function hasTakenIn(before: LoopProgress, now: LoopProgress): boolean {
  if (before.phase === 'preparing' || now.phase === 'preparing') return false;
  return now.phase !== 'collecting' || canonicalJson(missingOf(before)) !== canonicalJson(missingOf(now));
}

function missingOf({ classes }: LoopProgress): ClassCounts {
  return Object.fromEntries(classes.map(({ name, need }) => [name, need]));
}
