import type { Command } from '@commander-js/extra-typings';
import type { Acknowledgement, PauseRequest } from '../../workflows/messages.ts';
import type { CommandContext } from '../context.ts';
import { loopName } from '../loop-name.ts';
import { userName } from '../settings.ts';

/** `deltaloop resume LOOP` */
export function addResumeCommand(program: Command, context: CommandContext): void {
  program
    .command('resume')
    .description('Let a paused loop go on')
    .argument('<loop>', 'name of the loop', loopName)
    .option('--reason <text>', 'why, for the record')
    .option('--by <name>', 'who asks', userName())
    .action(async (loop, { by, reason }) => {
      const { changeLoop } = await import('../change-loop.ts');
      const { resume } = await import('../../workflows/messages.ts');
      const message = await changeLoop(context, loop, (handle, updateId) =>
        handle.executeUpdate<Acknowledgement, [PauseRequest]>(resume.name, {
          args: [{ by, ...(reason !== undefined && { reason }) }],
          updateId,
        }),
      );
      context.output.data(message);
    });
}
