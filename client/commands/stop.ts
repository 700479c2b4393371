import type { Command } from '@commander-js/extra-typings';
import type { Acknowledgement, StopRequest } from '../../workflows/messages.ts';
import type { CommandContext } from '../context.ts';
import { loopName } from '../loop-name.ts';
import { userName } from '../settings.ts';

/** `deltaloop stop LOOP [--now]` */
export function addStopCommand(program: Command, context: CommandContext): void {
  program
    .command('stop')
    .description('End a loop after its running step; the models it has stay')
    .argument('<loop>', 'name of the loop', loopName)
    .option('--now', 'also cancel a running training')
    .option('--reason <text>', 'why, for the record')
    .option('--by <name>', 'who asks', userName())
    .action(async (loop, { now, by, reason }) => {
      const { changeLoop } = await import('../change-loop.ts');
      const { stop } = await import('../../workflows/messages.ts');
      const message = await changeLoop(context, loop, (handle, updateId) =>
        handle.executeUpdate<Acknowledgement, [StopRequest]>(stop.name, {
          args: [{ by, ...(now && { now }), ...(reason !== undefined && { reason }) }],
          updateId,
        }),
      );
      context.output.data(message);
    });
}
