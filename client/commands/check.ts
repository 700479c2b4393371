import { type Command, Option } from '@commander-js/extra-typings';
import { TASKS, type Task } from '../../loop/metrics.ts';
import type { CheckRequest, QuotasFor } from '../check-dataset.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';

/** `deltaloop check DIR|COCO [--task TASK] [--evaluation DIR|COCO]`, against the quotas of the task. */
export function addCheckCommand(program: Command, context: CommandContext, quotas: Record<Task, QuotasFor>): void {
  program
    .command('check')
    .description(
      'Check a dataset: every problem in one pass, with the way to mend it. Exits with 7 when there are errors',
    )
    .argument('<dataset>', 'folder with one sub-folder per class, or COCO .json file, to train on')
    .addOption(
      new Option('--task <task>', 'what is trained on it; detection needs COCO files').choices(TASKS).default(TASKS[0]),
    )
    .option('--evaluation <dataset>', 'the evaluation set: checked too, and against the first')
    .option('--json', 'print one JSON document')
    .action(async (dataset, options) => {
      const { task, evaluation } = options;
      const request = { task, training: dataset, evaluation, quotas: quotas[task] };
      context.exitCode = await check(context, request, options.json === true);
    });
}

async function check({ output }: CommandContext, request: CheckRequest, json: boolean): Promise<ExitCode> {
  const { checkDatasets, isError } = await import('../check-dataset.ts');
  const sets = await checkDatasets(request);
  const passed = !sets.some(({ findings }) => findings.some(isError));
  if (json) output.json({ schemaVersion: 1, passed, sets });
  else {
    const { checkedText } = await import('../render-findings.ts');
    output.data(sets.map((set) => checkedText(set, output.style)).join('\n\n'));
  }
  return passed ? EXIT.ok : EXIT.checksFailed;
}
