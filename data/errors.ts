import type { FailureType } from '../loop/failure.ts';
import type { Finding } from '../loop/finding.ts';

/** At most this many offenders stand in an error's text; all of them are in its data. */
const SHOWN = 20;

/** An error of the data rooms that a person can mend; `code` is its public failure type. */
export abstract class DataError extends Error {
  abstract readonly code: FailureType;
}

/** A file of the loop's folder holds, or lacks, something other than what this step needs there. */
export class FolderConflictError extends DataError {
  override readonly name = 'FolderConflictError';
  readonly code = 'FolderConflict';
  readonly file: string;
  constructor(file: string, problem: string) {
    super(`${file} ${problem}`);
    this.file = file;
  }
}

/** An address leads out of the loop's folder, where nothing is ever read or written. */
export class PathOutsideError extends DataError {
  override readonly name = 'PathOutsideError';
  readonly code = 'Unexpected';
  constructor(address: string, folder: string, options?: ErrorOptions) {
    super(
      `${JSON.stringify(address)} leads out of the loop’s folder ${folder}, where nothing is read or written`,
      options,
    );
  }
}

/** The disk, or the quota on it, is full (ENOSPC, EDQUOT). What was half written has been removed. */
export class DiskFullError extends DataError {
  override readonly name = 'DiskFullError';
  readonly code = 'DiskFull';
  constructor(file: string, options?: ErrorOptions) {
    super(`no space is left on the disk for ${file}; what was half written has been removed`, options);
  }
}

/** The system refuses to read or write a file of the loop's folder, or the disk fails (EACCES, EPERM, EROFS, EIO). */
export class FolderUnusableError extends DataError {
  override readonly name = 'FolderUnusableError';
  readonly code = 'FolderUnusable';
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(`${file} ${why} Nothing was half written.`, options);
  }
}

/** The loop's folder does not exist on this machine. */
export class FolderMissingError extends DataError {
  override readonly name = 'FolderMissingError';
  readonly code = 'FolderMissing';
  constructor(folder: string) {
    super(`the loop’s folder ${folder} does not exist here`);
  }
}

/** The folder or file that images are listed from cannot be read. */
export class SourceUnreadableError extends DataError {
  override readonly name = 'SourceUnreadableError';
  readonly code = 'SourceUnreadable';
  constructor(source: string, problem: string, options?: ErrorOptions) {
    super(`${source} ${problem}`, options);
  }
}

/** A source file's bytes were no longer those that had been listed when they were copied. */
export class SourceChangedError extends DataError {
  override readonly name = 'SourceChangedError';
  readonly code = 'SourceUnreadable';
  constructor(source: string) {
    super(`${source} changed while it was being copied`);
  }
}

/** Files of the frozen evaluation set are missing or hold other bytes; `files` names every one. */
export class EvaluationSetChangedError extends DataError {
  override readonly name = 'EvaluationSetChangedError';
  readonly code = 'EvaluationSetChanged';
  readonly files: readonly string[];
  constructor(files: readonly string[]) {
    super(`${files.length} ${files.length === 1 ? 'file is' : 'files are'} missing or changed: ${shorten(files)}`);
    this.files = files;
  }
}

/** A dataset has errors; `findings` holds every one of them, and the warnings too. */
export class ChecksFailedError extends DataError {
  override readonly name = 'ChecksFailedError';
  readonly code = 'DatasetChecksFailed';
  readonly findings: readonly Finding[];
  constructor(findings: readonly Finding[]) {
    const errors = findings.filter((finding) => finding.severity === 'error');
    const lines = errors.map((finding) => `${finding.where}: ${finding.message} (${finding.code}). ${finding.fix}`);
    super(`${errors.length} ${errors.length === 1 ? 'error' : 'errors'} in the dataset: ${shorten(lines)}`);
    this.findings = findings;
  }
}

function shorten(lines: readonly string[]): string {
  const rest = lines.length - SHOWN;
  return lines.slice(0, SHOWN).join('; ') + (rest > 0 ? `; and ${rest} more` : '');
}

/** The system's code of an error (`ENOENT`, `EACCES`, …); undefined for every other thrown value. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

const UNUSABLE: Record<string, string> = {
  EACCES: 'may not be read or written by this user (EACCES): give the folder to the user that the worker runs as.',
  EPERM: 'may not be changed (EPERM): lift what protects the file, and give the folder to the worker’s user.',
  EROFS: 'is on a file system that is mounted read-only (EROFS): look at the system’s log and mount it for writing.',
  EIO: 'cannot be read or written because the disk fails (EIO): look at the system’s log and save a copy of the folder.',
};

/**
 * Runs a step on a file of the loop's folder.
 * @throws DiskFullError for a full disk or quota; FolderUnusableError where the system refuses; every other error as it is.
 */
export async function orDiskTrouble<T>(file: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFullError(file, { cause: error });
    const why = code === undefined ? undefined : UNUSABLE[code];
    if (why !== undefined) throw new FolderUnusableError(file, why, { cause: error });
    throw error;
  }
}
