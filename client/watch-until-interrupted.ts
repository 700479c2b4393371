import type { CommandContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { type WatchOptions, watchLoop } from './watch-loop.ts';

export type WatchRequest = Pick<WatchOptions, 'loop' | 'untilAttention' | 'timeoutMs' | 'intervalMs' | 'format'>;

/**
 * Watches a loop for a command: Ctrl-C leaves it running and says how to come back.
 * @returns the exit code of `watchLoop`.
 */
export async function watchUntilInterrupted(context: CommandContext, request: WatchRequest): Promise<ExitCode> {
  const { client } = await context.connect();
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    const { output, settings } = context;
    const code = await watchLoop({ ...request, client, home: settings.home, output, signal: interrupt.signal });
    const parting = partingWords(code, request.loop);
    if (parting) output.say(parting);
    return code;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

function partingWords(code: ExitCode, loop: string): string | undefined {
  const back = `Come back with: deltaloop watch ${loop}`;
  if (code === EXIT.interrupted) return `Stopped watching only; loop ${loop} is not touched. ${back}`;
  if (code === EXIT.timedOut) return `The time to watch is over; loop ${loop} is not touched. ${back}`;
  if (code === EXIT.needsPerson) return `Loop ${loop} waits for a person; see Next above. ${back}`;
  if (code === EXIT.unexpected)
    return `Loop ${loop} was closed in Temporal without an outcome. See: deltaloop status ${loop}`;
  return undefined;
}
