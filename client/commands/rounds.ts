import { type Command, Option } from '@commander-js/extra-typings';
import type { RoundRecord } from '../../loop/round.ts';
import type { CommandContext } from '../context.ts';
import { loopName } from '../loop-name.ts';
import type { KnownView } from '../require-loop.ts';

/** `deltaloop rounds LOOP [--curve|--md|--csv|--json]` */
export function addRoundsCommand(program: Command, context: CommandContext): void {
  program
    .command('rounds')
    .description('Show the rounds of a loop as a table, and on a terminal their learning curve')
    .argument('<loop>', 'name of the loop', loopName)
    .addOption(
      new Option('--curve', 'draw the learning curve also without a terminal').conflicts(['md', 'csv', 'json']),
    )
    .addOption(new Option('--md', 'as a Markdown table').conflicts(['csv', 'json']))
    .addOption(new Option('--csv', 'as CSV with every field').conflicts(['md', 'json']))
    .addOption(new Option('--json', 'as one JSON document').conflicts(['md', 'csv']))
    .action(async (loop, { curve, md, csv, json }) => {
      const { viewLoop } = await import('../require-loop.ts');
      const view = await viewLoop(context, loop);
      const format = md ? 'md' : csv ? 'csv' : json ? 'json' : 'text';
      await SHOW[format](context, view, curve === true);
      if (view.progress.rounds.length === 0) context.output.say(`Loop ${loop} has finished no round yet.`);
    });
}

type Show = (context: CommandContext, view: KnownView, curve: boolean) => Promise<void> | void;

const SHOW: Record<'md' | 'csv' | 'json' | 'text', Show> = {
  text: async ({ output, settings: { home } }, { progress }, asked) => {
    const { roundsText } = await import('../render-progress.ts');
    const { curveFor } = await import('../loop-curve.ts');
    const curve = await curveFor({ home, progress, output, asked });
    const text = [roundsText(progress, output.width), curve].filter(Boolean).join('\n\n');
    if (text) output.data(text);
  },
  md: async ({ output }, { progress }) => {
    const { metricName } = await import('../render-progress.ts');
    const { roundsTable } = await import('../../report/rounds-table.ts');
    output.data(roundsTable(progress.rounds, { format: 'markdown', metric: metricName(progress) }));
  },
  csv: ({ output }, { progress }) => output.data(roundsCsv(progress.rounds)),
  json: ({ output }, { progress: { loop, metric, target, caps, rounds } }) =>
    output.json({ schemaVersion: 1, loop, metric, target, ...(caps && { caps }), rounds }),
};

const COLUMNS: [string, (record: RoundRecord) => string | number | null][] = [
  ['round', ({ round }) => round],
  ['images', ({ images }) => images],
  ['newImages', ({ newImages }) => newImages],
  ['perClassMin', ({ perClass }) => perClass[0]],
  ['perClassMax', ({ perClass }) => perClass[1]],
  ['model', ({ model }) => model],
  ['metric', ({ metric }) => metric],
  ['noise', ({ noise }) => noise],
  ['gain', ({ gain }) => gain],
  ['comparedWith', ({ comparedWith }) => comparedWith],
  ['billedMinutes', ({ billedMinutes }) => billedMinutes],
  ['action', ({ action }) => action],
  ['decision', ({ decision }) => decision],
];

/** The rounds as CSV (RFC 4180, LF): a heading and one line a round; an absent value is an empty field. */
export function roundsCsv(rounds: RoundRecord[]): string {
  const lines = rounds.map((record) => COLUMNS.map(([, value]) => field(value(record))));
  return [COLUMNS.map(([name]) => name), ...lines].map((cells) => cells.join(',')).join('\n');
}

function field(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
