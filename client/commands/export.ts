import type { Command } from '@commander-js/extra-typings';
import { plural } from '../../decide/format.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { loopName } from '../loop-name.ts';

/** `deltaloop export LOOP FILE.zip [--force]` */
export function addExportCommand(program: Command, context: CommandContext, version: string): void {
  program
    .command('export')
    .description('Write the record of a loop to one ZIP file, whole or not at all; needs no server')
    .argument('<loop>', 'name of the loop', loopName)
    .argument('<file>', 'the ZIP file')
    .option('--force', 'replace the file if it exists')
    .option('--json', 'print one JSON document')
    .action(async (loop, target, { force, json }) => {
      context.exitCode = await exportTo(context, { loop, target, force: force === true, version }, json === true);
    });
}

async function exportTo(
  { output, settings: { home } }: CommandContext,
  request: { loop: string; target: string; force: boolean; version: string },
  json: boolean,
): Promise<ExitCode> {
  const { exportLoop } = await import('../export-loop.ts');
  const { sayProgress, sizeText, verifiedText } = await import('../verify-text.ts');
  const progress = sayProgress((text) => output.say(text), 'Hashed');
  const { manifest, verified, target } = await exportLoop({ ...request, home, progress });
  const { loop, exportedAt, ended, files, differences } = manifest;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (json)
    output.json({ schemaVersion: 1, loop, file: target, exportedAt, ended, files: files.length, bytes, differences });
  else
    output.data(
      `Exported loop ${loop}: ${plural(files.length, 'file')}, ${sizeText(bytes)}, to ${target}.\nOn another machine: deltaloop import ${request.target}`,
    );
  if (!ended)
    output.say(
      'The loop has not ended: the file holds its record up to now, and is not continued where it is imported.',
    );
  if (differences === 0) return EXIT.ok;
  output.say(verifiedText(verified, (_tone, text) => text));
  output.say('They were exported as they are.');
  return EXIT.checksFailed;
}
