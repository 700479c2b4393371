import { PayloadCodecError } from '../codec/errors.ts';
import { DataError, FolderUnusableError } from '../data/errors.ts';
import { FAILURES, type FailureType } from '../loop/failure.ts';
import { CliError } from './cli-error.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { isNotAuthorised, isServerAway } from './grpc.ts';
import { printable } from './text-table.ts';

const KEYS_NEXT =
  'Give this command the keys that the worker has: DELTALOOP_ENCRYPTION_KEYS, see docs/security.md. Then type it again.';

/** Turns whatever was thrown into what a person is told. */
export function explainError(error: unknown): CliError {
  if (error instanceof CliError) return error;
  if (error instanceof DataError) return dataProblem(error);
  if (error instanceof PayloadCodecError) {
    return new CliError(error.message, { exitCode: EXIT.usage, next: KEYS_NEXT, cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  if (isNotAuthorised(error)) {
    return new CliError(`The Temporal server refuses this client: ${message}`, {
      exitCode: EXIT.notAuthorised,
      next: 'Check TEMPORAL_API_KEY, TEMPORAL_NAMESPACE and the TEMPORAL_TLS_* settings.',
      cause: error,
    });
  }
  if (isServerAway(error)) {
    return new CliError(`The Temporal server stopped answering: ${message}`, {
      exitCode: EXIT.unexpected,
      next: 'Nothing is lost; type the command again. If it stays away, see whether `deltaloop dev` still runs.',
      cause: error,
    });
  }
  return new CliError(`Unexpected error: ${message}`, {
    exitCode: EXIT.unexpected,
    next: 'Set DELTALOOP_DEBUG=1 and type the command again to see where it comes from.',
    cause: error,
  });
}

const EXIT_OF: Partial<Record<FailureType, ExitCode>> = {
  DatasetChecksFailed: EXIT.checksFailed,
  SourceUnreadable: EXIT.usage,
};

function dataProblem(error: DataError): CliError {
  if (error instanceof FolderUnusableError) {
    const next = 'Once that is mended, type the command again.';
    return new CliError(error.message, { exitCode: EXIT.unexpected, next, cause: error });
  }
  const { headline, remedy } = FAILURES[error.code];
  // The remedies are written for a waiting loop; here it is a command that is tried again.
  const next = remedy.replace(/,? then answer `retry`/, ', then type the command again').replace(' for the worker', '');
  return new CliError(`${headline}: ${error.message}`, {
    exitCode: EXIT_OF[error.code] ?? EXIT.unexpected,
    next,
    cause: error,
  });
}

/** The text for stderr: the message, and the next step on a line of its own; with the stack when asked for. */
export function errorText(error: CliError, debug: boolean): string {
  const lines = `deltaloop: ${error.message}`.split('\n').map(printable);
  if (error.next !== undefined) lines.push(`  → ${printable(error.next)}`);
  if (debug && error.cause instanceof Error) lines.push(String(error.cause.stack));
  return lines.join('\n');
}
