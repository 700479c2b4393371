import type { Command } from '@commander-js/extra-typings';
import type { Task } from '../../loop/metrics.ts';
import type { LoopResult } from '../../loop/outcome.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-codes.ts';
import type { StartResult } from '../start-loop.ts';
import { wrapWords } from '../text-table.ts';

type Started = Exclude<StartResult, { kind: 'finished' }>;

/**
 * `deltaloop start SPEC [--from LOOP] [--watch]`
 * @param minimum images of a class that the vision service trains on at least
 */
export function addStartCommand(program: Command, context: CommandContext, minimum: Minimum): void {
  program
    .command('start')
    .description('Start the loop of a spec file, or attach to it when it already runs')
    .argument('<spec>', 'YAML file; its keys are described in loop/spec.schema.json')
    .option('--from <loop>', 'take over the images of a loop that has ended, from round 1 on')
    .option('--watch', 'stay and show the loop until it ends')
    .option('--json', 'print what happened as one JSON document')
    .action(async (spec, options) => {
      context.exitCode = await start(context, { specPath: spec, minimum }, options);
    });
}

type Minimum = (task: Task) => number;

interface StartFlags {
  from?: string | undefined;
  watch?: true | undefined;
  json?: true | undefined;
}

async function start(
  context: CommandContext,
  { specPath, minimum }: { specPath: string; minimum: Minimum },
  flags: StartFlags,
): Promise<ExitCode> {
  const { prepareStart, startLoop } = await import('../start-loop.ts');
  const { output, settings } = context;
  const { earlier } = await prepareStart({ home: settings.home, specPath, from: flags.from }, minimum);
  if (earlier) return tellEarlier(context, earlier, flags);
  const { client } = await context.connect();
  const started = await startLoop({
    client,
    specPath,
    from: flags.from,
    ...settings,
    say: (text) => output.say(wrapWords(text, output.width)),
  });
  if (started.kind === 'finished') return tellEarlier(context, started.result, flags);
  if (!flags.watch) return tellStarted(context, started, flags);
  output.say(startedText(started));
  const { watchUntilInterrupted } = await import('../watch-until-interrupted.ts');
  return watchUntilInterrupted(context, { loop: started.loop, format: flags.json && 'json' });
}

function startedText({ kind, loop }: Started): string {
  return kind === 'started'
    ? `Loop ${loop} started.`
    : `Loop ${loop} is already running with this spec; attached to it.`;
}

async function tellStarted(context: CommandContext, started: Started, flags: StartFlags): Promise<ExitCode> {
  const { output, settings } = context;
  const { client } = await context.connect();
  const { uiLink } = await import('../ui-link.ts');
  const uiUrl = await uiLink({ home: settings.home, loop: started.loop, namespace: client.options.namespace });
  if (flags.json) output.json({ schemaVersion: 1, ...started, uiUrl });
  else output.data(startedText(started));
  if (uiUrl) output.say(`Temporal UI: ${uiUrl}`);
  output.say(`Follow it with: deltaloop watch ${started.loop}`);
  return EXIT.ok;
}

async function tellEarlier({ output }: CommandContext, result: LoopResult, flags: StartFlags): Promise<ExitCode> {
  const { outcomeText } = await import('../render-outcome.ts');
  if (flags.json) output.json({ schemaVersion: 1, kind: 'finished', loop: result.loop, result });
  else
    output.data(
      `Loop ${result.loop} has ended; it is not started again.\n${outcomeText(result, output.style, output.width)}`,
    );
  return exitCodeOf(result.outcome);
}
