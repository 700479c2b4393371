import type { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

/** `deltaloop check DIR|COCO [--evaluation DIR|COCO]` */
export function addCheckCommand(program: Command, context: CommandContext): void {
  program
    .command('check')
    .description(
      'Check a dataset: every problem in one pass, with the way to mend it. Exits with 7 when there are errors',
    )
    .argument('<dataset>', 'folder with one sub-folder per class, or COCO .json file, to train on')
    .option('--evaluation <dataset>', 'the evaluation set: checked too, and against the first')
    .option('--json', 'print one JSON document')
    .action(async (dataset, options) => {
      context.exitCode = await check(context, dataset, options);
    });
}

interface CheckFlags {
  evaluation?: string | undefined;
  json?: true | undefined;
}

async function check({ output }: CommandContext, dataset: string, flags: CheckFlags): Promise<ExitCode> {
  const { checkDatasets, isError } = await import('../check-dataset.ts');
  const sets = await checkDatasets(dataset, flags.evaluation);
  const passed = !sets.some(({ findings }) => findings.some(isError));
  if (flags.json) output.json({ schemaVersion: 1, ...{ passed, sets } });
  else {
    const { checkedText } = await import('../render-findings.ts');
    output.data(sets.map((set) => checkedText(set, output.style)).join('\n\n'));
  }
  return passed ? EXIT.ok : EXIT.checksFailed;
}
