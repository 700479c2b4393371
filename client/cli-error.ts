import type { ExitCode } from './exit-codes.ts';

export interface CliErrorOptions {
  exitCode: ExitCode;
  /** The exact next command or step; shown on a line of its own. */
  next?: string;
  cause?: unknown;
}

/** A failure that is told to a person as it is: what, where and why in `message`, and what to do in `next`. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly next: string | undefined;

  constructor(message: string, options: CliErrorOptions) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.exitCode = options.exitCode;
    this.next = options.next;
  }
}
