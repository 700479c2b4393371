import { Argument, type Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { loopName } from '../loop-name.ts';
import { userName } from '../settings.ts';

/** `deltaloop resolve LOOP retry|stop` */
export function addResolveCommand(program: Command, context: CommandContext): void {
  program
    .command('resolve')
    .description('Answer a loop that needs attention: try the step again, or end the loop')
    .argument('<loop>', 'name of the loop', loopName)
    .addArgument(new Argument('<answer>', 'what the loop is to do').choices(['retry', 'stop'] as const))
    .option('--reason <text>', 'why, for the record')
    .option('--by <name>', 'who answers', userName())
    .action(async (loop, answer, { by, reason }) => {
      const { changeLoop } = await import('../change-loop.ts');
      const { resolve } = await import('../../workflows/messages.ts');
      await changeLoop(context, loop, (handle, updateId) =>
        handle.executeUpdate(resolve, { args: [{ answer, by, ...(reason !== undefined && { reason }) }], updateId }),
      );
    });
}
