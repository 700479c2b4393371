import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { DURATION, durationMs } from '../../loop/duration.ts';
import type { CommandContext } from '../context.ts';
import { type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { loopName } from '../loop-name.ts';
import type { WatchRequest } from '../watch-until-interrupted.ts';

/** Timers count milliseconds in 31 bits. */
const LONGEST_MS = 2 ** 31 - 1;

/** `deltaloop watch LOOP` */
export function addWatchCommand(program: Command, context: CommandContext): void {
  program
    .command('watch')
    .description(
      'Show a loop until it ends; waits for its start, rides out restarts of server and worker. Ctrl-C only leaves',
    )
    .argument('<loop>', 'name of the loop', loopName)
    .option('--until-attention', 'return (exit 3) as soon as the loop waits for a person')
    .option('--timeout <duration>', 'return (exit 124) after this time, e.g. 10m', duration)
    .option('--interval <duration>', 'time between two looks, e.g. 5s', duration, 1000)
    .addOption(new Option('--json', 'print one JSON document at the end').conflicts('jsonl'))
    .option('--jsonl', 'print one JSON document a line, at every change')
    .action(async (loop, { untilAttention, timeout, interval, json, jsonl }) => {
      const format = jsonl ? 'jsonl' : json && 'json';
      context.exitCode = await watch(context, {
        loop,
        untilAttention,
        timeoutMs: timeout,
        intervalMs: interval,
        format,
      });
    });
}

function duration(text: string): number {
  if (!DURATION.test(text)) throw new InvalidArgumentError('Write a duration such as 30s, 10m or 12h.');
  const ms = durationMs(text);
  if (ms < 1 || ms > LONGEST_MS) throw new InvalidArgumentError('It is to be between 1ms and 24d.');
  return ms;
}

/** A finished loop is shown from its folder, without a server. */
async function watch(context: CommandContext, request: WatchRequest): Promise<ExitCode> {
  const { readFinished } = await import('../finished-view.ts');
  const { home } = context.settings;
  const finished = await readFinished(home, request.loop);
  if (finished) {
    const { watchScreen } = await import('../watch-screen.ts');
    const { loopPlaces } = await import('../loop-places.ts');
    const places = await loopPlaces(home, request.loop);
    const screen = watchScreen({ loop: request.loop, output: context.output, places, format: request.format });
    screen.show(finished);
    screen.done(finished, places);
    return exitCodeOf(finished.result.outcome);
  }
  const { watchUntilInterrupted } = await import('../watch-until-interrupted.ts');
  return watchUntilInterrupted(context, request);
}
