import type { Command } from '@commander-js/extra-typings';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { loopName } from '../loop-name.ts';

/** `deltaloop verify LOOP [--sweep]` */
export function addVerifyCommand(program: Command, context: CommandContext): void {
  program
    .command('verify')
    .description(
      'Re-hash all files of a loop and name everything that differs; needs no server. Exits with 7 when something does',
    )
    .argument('<loop>', 'name of the loop', loopName)
    .option('--sweep', 'remove temporary files, older than a day, of writes that were cut off')
    .option('--json', 'print one JSON document')
    .action(async (loop, { sweep, json }) => {
      context.exitCode = await verify(context, loop, { sweep: sweep === true, json: json === true });
    });
}

async function verify(
  { output, settings: { home } }: CommandContext,
  loop: string,
  { sweep, json }: { sweep: boolean; json: boolean },
): Promise<ExitCode> {
  const { verifyLoop, sweepLoop } = await import('../verify-loop.ts');
  const { sayProgress, verifiedText } = await import('../verify-text.ts');
  if (sweep) for (const file of await sweepLoop(home, loop)) output.say(`Removed ${file}`);
  const verified = await verifyLoop(
    home,
    loop,
    sayProgress((text) => output.say(text), 'Hashed'),
  );
  const passed = verified.troubles.length === 0;
  if (json) output.json({ schemaVersion: 1, passed, ...verified });
  else output.data(verifiedText(verified, output.style));
  return passed ? EXIT.ok : EXIT.checksFailed;
}
