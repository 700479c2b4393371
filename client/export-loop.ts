import { access } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { createExclusive, replaceWhole } from '../data/durable.ts';
import { orDiskTrouble } from '../data/errors.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { FORMAT_VERSION, type Manifest } from './export-format.ts';
import { zipFiles } from './export-zip.ts';
import { IMPORTED_FILE } from './imported-file.ts';
import type { Progress } from './verify-contents.ts';
import { type Verified, verifyLoop } from './verify-loop.ts';
import { walkLoop } from './verify-walk.ts';

export interface ExportRequest {
  home: string;
  loop: string;
  /** The ZIP file to write. */
  target: string;
  /** Whether an existing file is replaced. */
  force: boolean;
  /** Version of deltaloop. */
  version: string;
  /** Told after each file that was hashed. */
  progress: Progress;
}

export interface Exported {
  manifest: Manifest;
  verified: Verified;
  /** Absolute. */
  target: string;
}

/** What is not taken along: a journal is not whole while its step runs, and the mark of an import tells of this home alone. */
const LEFT_OUT = (file: string) => file === IMPORTED_FILE || file.endsWith('.jsonl');

/**
 * Writes a loop's folder to a ZIP file, whole or not at all, after verifying it; differences are told, and exported as they are.
 * @throws CliError (exit 2) when there is no such loop, or the target exists or lies in the loop's folder; DiskFullError.
 */
export async function exportLoop(request: ExportRequest): Promise<Exported> {
  const { home, loop, force, version } = request;
  const target = resolve(request.target);
  await refuseTarget(target, request);
  const verified = await verifyLoop(home, loop, request.progress);
  if (target.startsWith(verified.folder + sep))
    throw new CliError(`${target} lies in the folder that is exported.`, {
      exitCode: EXIT.usage,
      next: 'Name a file outside the loop’s folder.',
    });
  const files = (await walkLoop(verified.folder)).files.filter((file) => !LEFT_OUT(file));
  const manifest: Manifest = {
    format: 'deltaloop-loop',
    formatVersion: FORMAT_VERSION,
    loop,
    exportedAt: new Date().toISOString(),
    deltaloop: version,
    ended: verified.ended,
    differences: verified.troubles.length,
    files: [],
  };
  const fill = zipFiles({ folder: verified.folder, files, manifest });
  const written = await orDiskTrouble(target, async () => {
    if (!force) return createExclusive(target, fill);
    await replaceWhole(target, fill);
    return true;
  });
  if (!written) throw exists(target, loop);
  return { manifest, verified, target };
}

/** Looked at first, so that nobody waits for a long export that is then refused. */
async function refuseTarget(target: string, { loop, force }: ExportRequest): Promise<void> {
  const there = await access(target).then(
    () => true,
    () => false,
  );
  if (there && !force) throw exists(target, loop);
  await access(dirname(target)).catch((cause: unknown) => {
    throw new CliError(`The folder ${dirname(target)} does not exist.`, {
      exitCode: EXIT.usage,
      next: 'Make the folder, or name a file in one that exists.',
      cause,
    });
  });
}

function exists(target: string, loop: string): CliError {
  return new CliError(`${target} exists; it was left as it is.`, {
    exitCode: EXIT.usage,
    next: `Name another file, or replace it: deltaloop export ${loop} ${target} --force`,
  });
}
