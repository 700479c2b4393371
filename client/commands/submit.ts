import type { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { loopName } from '../loop-name.ts';
import { userName } from '../settings.ts';

/** `deltaloop submit LOOP DIR [--by]` */
export function addSubmitCommand(program: Command, context: CommandContext): void {
  program
    .command('submit')
    .description('Hand in images to a loop that people collect for; handing the same in twice changes nothing')
    .argument('<loop>', 'name of the loop', loopName)
    .argument('<dir>', 'folder with one sub-folder per class, or COCO .json file (detection); it is only read')
    .option('--by <name>', 'who hands them in', userName())
    .option('--json', 'print one JSON document')
    .action(async (loop, directory, { by, json }) => {
      context.exitCode = await submit(context, { loop, directory, by }, json === true);
    });
}

async function submit(
  context: CommandContext,
  submission: import('../submit-images.ts').Submission,
  json: boolean,
): Promise<ExitCode> {
  const { submitDirectory } = await import('../submit-images.ts');
  const { findingText } = await import('../render-findings.ts');
  const { submittedText } = await import('../render-submitted.ts');
  const { output } = context;
  const submitted = await submitDirectory(context, submission);
  if (json) output.json({ schemaVersion: 1, ...submitted });
  else {
    for (const finding of submitted.findings) output.say(findingText(finding, output.style));
    output.data(submittedText(submitted));
  }
  return submitted.message === null ? EXIT.checksFailed : EXIT.ok;
}
