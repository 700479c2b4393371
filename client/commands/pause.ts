import type { Command } from '@commander-js/extra-typings';
import type { Acknowledgement, PauseRequest } from '../../workflows/messages.ts';
import type { CommandContext } from '../context.ts';
import { loopName } from '../loop-name.ts';
import { userName } from '../settings.ts';

/** `deltaloop pause LOOP` */
export function addPauseCommand(program: Command, context: CommandContext): void {
  program
    .command('pause')
    .description('Pause a loop before its next step that spends or asks people for something')
    .argument('<loop>', 'name of the loop', loopName)
    .option('--reason <text>', 'why, for the record')
    .option('--by <name>', 'who asks', userName())
    .action(async (loop, { by, reason }) => {
      const { changeLoop } = await import('../change-loop.ts');
      const { pause } = await import('../../workflows/messages.ts');
      const message = await changeLoop(context, loop, (handle, updateId) =>
        handle.executeUpdate<Acknowledgement, [PauseRequest]>(pause.name, {
          args: [{ by, ...(reason !== undefined && { reason }) }],
          updateId,
        }),
      );
      context.output.data(message);
    });
}
