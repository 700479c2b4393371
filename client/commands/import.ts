import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { plural } from '../../decide/format.ts';
import type { CommandContext } from '../context.ts';

const GIGABYTE = 1_000_000_000;
const DEFAULT_GIGABYTES = 50;
const MOST_ENTRIES = 1_000_000;

/** `deltaloop import FILE.zip [--max-gigabytes N]` */
export function addImportCommand(program: Command, context: CommandContext): void {
  program
    .command('import')
    .description('Unpack an exported loop into this home, to be read and not to be continued; needs no server')
    .argument('<file>', 'the ZIP file that `deltaloop export` wrote')
    .option('--max-gigabytes <n>', 'what it may unpack to at most', gigabytes, DEFAULT_GIGABYTES)
    .option('--json', 'print one JSON document')
    .action((source, { maxGigabytes, json }) => importFrom(context, { source, maxGigabytes }, json === true));
}

function gigabytes(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= 1_000_000) return value;
  throw new InvalidArgumentError('Give a number above 0, such as 100.');
}

async function importFrom(
  { output, settings: { home } }: CommandContext,
  { source, maxGigabytes }: { source: string; maxGigabytes: number },
  json: boolean,
): Promise<void> {
  const { importLoop } = await import('../import-loop.ts');
  const { sayProgress, sizeText } = await import('../verify-text.ts');
  const limits = { entries: MOST_ENTRIES, bytes: maxGigabytes * GIGABYTE };
  const progress = sayProgress((text) => output.say(text), 'Unpacked');
  const { manifest, folder } = await importLoop({ home, source, limits, progress });
  const { loop, exportedAt, ended, differences, files } = manifest;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (json) output.json({ schemaVersion: 1, loop, folder, exportedAt, ended, files: files.length, bytes, differences });
  else
    output.data(
      `Imported loop ${loop}: ${plural(files.length, 'file')}, ${sizeText(bytes)}, into ${folder}.\nRead it: deltaloop rounds ${loop}`,
    );
  if (!ended)
    output.say('It had not ended when it was exported: its record can be read here, and it is not continued.');
  if (differences > 0)
    output.say(
      `${plural(differences, 'difference')} had been found in it as it was exported. See them: deltaloop verify ${loop}`,
    );
}
