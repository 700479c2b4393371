import type { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { loopName } from '../loop-name.ts';
import { CHANGES_HELP, setOption } from '../set-option.ts';
import { userName } from '../settings.ts';
import { wrapWords } from '../text-table.ts';

/** `deltaloop adjust LOOP --set key=value …` */
export function addAdjustCommand(program: Command, context: CommandContext): void {
  program
    .command('adjust')
    .description('Change a running loop from its next step on: target, caps, δ, the pool’s place, the vision service')
    .argument('<loop>', 'name of the loop', loopName)
    .addOption(setOption().makeOptionMandatory())
    .option('--reason <text>', 'why, for the record')
    .option('--by <name>', 'who asks', userName())
    .option('--json', 'print one JSON document')
    .addHelpText('after', CHANGES_HELP)
    .action(async (loop, { set: pairs, by, reason, json }) => {
      const { changeLoop } = await import('../change-loop.ts');
      const { changesAsked } = await import('../change-spec.ts');
      const { adjust } = await import('../../workflows/messages.ts');
      const set = await changesAsked(context, { loop, pairs, command: `deltaloop adjust ${loop}` });
      const request = { set, by, ...(reason !== undefined && { reason }) };
      const message = await changeLoop(context, loop, (handle, updateId) =>
        handle.executeUpdate(adjust, { args: [request], updateId }),
      );
      if (json) context.output.json({ schemaVersion: 1, loop, message, ...request });
      else context.output.data(wrapWords(message, context.output.width));
    });
}
