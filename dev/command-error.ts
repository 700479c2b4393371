import { CliError } from '../client/cli-error.ts';
import { EXIT } from '../client/exit-codes.ts';
import { reasonOf } from './say.ts';

/** Runs a command of this room; what goes wrong in it is told as it is, for its errors are written for people. */
export async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(reasonOf(error), { exitCode: EXIT.unexpected, cause: error });
  }
}
