import type { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';

/** `deltaloop list` */
export function addListCommand(program: Command, context: CommandContext): void {
  program
    .command('list')
    .description('List all loops: those with files in this home, and those that run in Temporal')
    .option('--json', 'print one JSON document')
    .action(async ({ json }) => {
      const { listLoops } = await import('../list-loops.ts');
      const { loops, serverProblem } = await listLoops(context);
      const { output } = context;
      if (json) output.json({ schemaVersion: 1, server: serverProblem === null, loops });
      else if (loops.length === 0)
        output.say('There are no loops yet. Begin one with: deltaloop start SPEC (or look at one: deltaloop demo)');
      else output.data((await import('../list-loops.ts')).listText(loops));
      if (serverProblem !== null) output.say(`${serverProblem} Loops that have not ended are shown from their files.`);
    });
}
