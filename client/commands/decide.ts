import { type Command, Option } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

/** `deltaloop decide [FILE] [--schema [request|answer]]` */
export function addDecideCommand(program: Command, context: CommandContext): void {
  program
    .command('decide')
    .description('Answer requests for a decision, one JSON document a line, each as soon as it came; needs no server')
    .argument('[file]', 'file of requests, one a line; standard input when left out or -', '-')
    .addOption(
      new Option('--schema [which]', 'print the JSON Schema of a line instead')
        .choices(['request', 'answer'])
        .preset('request'),
    )
    .action(async (file, { schema }) => {
      if (schema === undefined) context.exitCode = await answerAll(context, file);
      else await printSchema(context, schema);
    });
}

async function printSchema({ output }: CommandContext, which: 'request' | 'answer' | true): Promise<void> {
  const { decisionLineJsonSchema, decisionRequestJsonSchema } = await import('../json-schemas.ts');
  output.data(JSON.stringify(which === 'answer' ? decisionLineJsonSchema() : decisionRequestJsonSchema(), null, 2));
}

async function answerAll({ output }: CommandContext, file: string): Promise<ExitCode> {
  const { answerRequest } = await import('../../decide/answer.ts');
  const { answerLines } = await import('../decide-lines.ts');
  const { linesOf } = await import('../json-lines.ts');
  const { openRequests, summaryText } = await import('../decide-requests.ts');
  const summary = await answerLines(linesOf(await openRequests(file, output)), answerRequest, async (line) => {
    output.data(line);
    await output.drained();
  });
  const said = summaryText(summary);
  if (said !== null) output.say(said);
  return summary.refused.length > 0 ? EXIT.usage : EXIT.ok;
}
