import { Argument, type Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { loopName } from '../loop-name.ts';
import { CHANGES_HELP, setOption } from '../set-option.ts';
import { userName } from '../settings.ts';
import { wrapWords } from '../text-table.ts';

/** `deltaloop resolve LOOP retry|skip|stop [--set key=value …]` */
export function addResolveCommand(program: Command, context: CommandContext): void {
  program
    .command('resolve')
    .description(
      'Answer a loop that needs attention: try the step again, go on without this round’s metric, or end the loop',
    )
    .argument('<loop>', 'name of the loop', loopName)
    .addArgument(new Argument('<answer>', 'what the loop is to do').choices(['retry', 'skip', 'stop'] as const))
    .addOption(setOption())
    .option('--reason <text>', 'why, for the record')
    .option('--by <name>', 'who answers', userName())
    .addHelpText('after', CHANGES_HELP)
    .action(async (loop, answer, { set: pairs = [], by, reason }) => {
      const { changeLoop } = await import('../change-loop.ts');
      const { changesAsked } = await import('../change-spec.ts');
      const { resolve } = await import('../../workflows/messages.ts');
      const command = `deltaloop resolve ${loop} ${answer}`;
      const set = pairs.length > 0 ? await changesAsked(context, { loop, pairs, command }) : undefined;
      const request = { answer, by, ...(reason !== undefined && { reason }), ...(set && { set }) };
      const message = await changeLoop(context, loop, (handle, updateId) =>
        handle.executeUpdate(resolve, { args: [request], updateId }),
      );
      context.output.data(wrapWords(message, context.output.width));
    });
}
