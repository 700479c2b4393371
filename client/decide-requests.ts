import { open } from 'node:fs/promises';
import { systemCode } from '../data/errors.ts';
import { plural } from '../decide/format.ts';
import { CliError } from './cli-error.ts';
import type { DecideSummary } from './decide-lines.ts';
import { EXIT } from './exit-codes.ts';
import type { Output } from './output.ts';

const WHY: Record<string, string> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EISDIR: 'is a folder, not a file',
  EACCES: 'cannot be read: permission denied',
};

/**
 * The bytes of a file of requests; of standard input for `-`.
 * @throws CliError (exit 2) when the file cannot be read.
 */
export async function openRequests(file: string, output: Output): Promise<AsyncIterable<Uint8Array>> {
  if (file === '-') {
    if (process.stdin.isTTY) output.say('Type or paste one request a line; end with Ctrl-D.');
    return process.stdin;
  }
  try {
    const handle = await open(file);
    if (!(await handle.stat()).isDirectory()) return handle.createReadStream();
    await handle.close();
    throw unreadable(file, 'is a folder, not a file');
  } catch (error) {
    const why = WHY[systemCode(error) ?? ''];
    throw why === undefined ? error : unreadable(file, why);
  }
}

function unreadable(file: string, why: string): CliError {
  return new CliError(`The file of requests ${file} ${why}.`, {
    exitCode: EXIT.usage,
    next: 'Give a file with one JSON document a line; `deltaloop decide --schema` prints what each may hold.',
  });
}

/** Line numbers that are named at most. */
const SHOWN = 20;

/** What is said on stderr at the end; null when every line was answered. */
export function summaryText({ answered, refused }: DecideSummary): string | null {
  if (refused.length === 0)
    return answered === 0 ? 'No requests were read: every line was blank, or there was none.' : null;
  const rest = refused.length - SHOWN;
  const lines = refused.slice(0, SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
  return (
    `${plural(answered, 'request')} answered; ${plural(refused.length, 'line')} refused: ${lines}. ` +
    'What is wrong stands in their place in the output.\n' +
    '  → Mend them and type the command again; `deltaloop decide --schema` prints what a line may hold.'
  );
}
