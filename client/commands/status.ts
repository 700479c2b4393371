import { type Command, Option } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { loopName } from '../loop-name.ts';
import type { KnownView } from '../require-loop.ts';

/** `deltaloop status LOOP [--check]` */
export function addStatusCommand(program: Command, context: CommandContext): void {
  program
    .command('status')
    .description('Show what a loop does, what happens next, and who must act')
    .argument('<loop>', 'name of the loop', loopName)
    .option('--check', 'exit with the outcome’s code, or 8 while the loop runs')
    .addOption(new Option('--curve', 'draw the learning curve also without a terminal').conflicts('json'))
    .option('--json', 'print one JSON document')
    .action(async (loop, options) => {
      context.exitCode = await status(context, loop, options);
    });
}

interface StatusFlags {
  check?: true | undefined;
  curve?: true | undefined;
  json?: true | undefined;
}

async function status(context: CommandContext, loop: string, flags: StatusFlags): Promise<ExitCode> {
  const { viewLoop } = await import('../require-loop.ts');
  const { loopPlaces } = await import('../loop-places.ts');
  const { output, settings } = context;
  const view = await viewLoop(context, loop);
  const places = await loopPlaces(settings.home, loop);
  if (flags.json) {
    const { statusDocument } = await import('../status-document.ts');
    output.json(statusDocument(loop, view, places));
  } else {
    const { renderProgress } = await import('../render-progress.ts');
    const { curveFor } = await import('../loop-curve.ts');
    const { progress } = view;
    const { lastSplit } = await import('../loop-split.ts');
    const split = await lastSplit(settings.home, progress);
    const curve = await curveFor({ home: settings.home, progress, output, asked: flags.curve === true });
    output.data(renderProgress(progress, { style: output.style, width: output.width, places, curve, split }));
  }
  if (view.kind === 'running' && view.note) output.say(`Shown from the loop’s files. ${view.note}.`);
  return statusCode(view, flags.check === true);
}

/** A loop that Temporal closed without an outcome is an error with and without `--check`. */
function statusCode(view: KnownView, check: boolean): ExitCode {
  if (view.kind === 'broken') return EXIT.unexpected;
  if (!check) return EXIT.ok;
  return view.kind === 'finished' ? exitCodeOf(view.result.outcome) : EXIT.stillRunning;
}
