import type { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';

/** `deltaloop schema` */
export function addSchemaCommand(program: Command, context: CommandContext): void {
  program
    .command('schema')
    .description('Print the JSON Schema of a spec file, for editors')
    .action(async () => {
      const { specJsonSchema } = await import('../spec-problems.ts');
      context.output.data(JSON.stringify(specJsonSchema(), null, 2));
    });
}
