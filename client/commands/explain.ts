import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { CliError } from '../cli-error.ts';
import type { CommandContext } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { loopName } from '../loop-name.ts';
import type { ExplainedRound } from '../render-explanation.ts';

/** `deltaloop explain LOOP [ROUND] [--all]` */
export function addExplainCommand(program: Command, context: CommandContext): void {
  program
    .command('explain')
    .description('Show why a loop did what it did in a round, and whether deciding again gives the same words')
    .argument('<loop>', 'name of the loop', loopName)
    .argument('[round]', 'number of the round; the last decided one when left out', roundNumber)
    .option('--all', 'every decided round, in one short paragraph each')
    .option('--json', 'print one JSON document')
    .action(async (loop, round, { all, json }) => {
      if (all && round !== undefined)
        throw new CliError('Give either a round or --all.', {
          exitCode: EXIT.usage,
          next: `Every round: deltaloop explain ${loop} --all`,
        });
      context.exitCode = await explain(context, { loop, round, all: all === true, json: json === true });
    });
}

function roundNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Rounds are numbered 1, 2, 3, …');
}

interface ExplainRequest {
  loop: string;
  round: number | undefined;
  all: boolean;
  json: boolean;
}

async function explain(context: CommandContext, request: ExplainRequest): Promise<ExitCode> {
  const { explainRounds } = await import('../explain-rounds.ts');
  const { loop, all, round, json } = request;
  const { output, settings } = context;
  const { explained, problems } = await explainRounds(settings.home, loop, all ? 'all' : round);
  if (json)
    output.json({ schemaVersion: 1, loop, ...(all ? { rounds: explained.map(document) } : document(explained[0])) });
  else await show(context, request, explained);
  const differ = explained.filter(({ recomputed }) => !recomputed.same).map((each) => each.round);
  if (differ.length > 0) output.say(differingText(loop, differ));
  if (problems[0] !== undefined) throw problems.length === 1 ? problems[0] : together(problems);
  return differ.length > 0 ? EXIT.unexpected : EXIT.ok;
}

function document(explained: ExplainedRound | undefined) {
  if (explained === undefined) return {};
  const { round, input, raw, recomputed, journal } = explained;
  return { round, input, decision: raw, recomputed, journal };
}

async function show(
  { output }: CommandContext,
  { loop, all }: ExplainRequest,
  explained: ExplainedRound[],
): Promise<void> {
  const { explanationParagraph, explanationText } = await import('../render-explanation.ts');
  const { style, width } = output;
  const texts = explained.map((each) =>
    all ? explanationParagraph(each, width) : explanationText(each, { loop, style, width }),
  );
  if (texts.length > 0) output.data(texts.join('\n\n'));
}

function differingText(loop: string, rounds: number[]): string {
  const which = rounds.length === 1 ? `round ${rounds[0]}` : `rounds ${rounds.join(', ')}`;
  return (
    `Deciding ${which} of loop ${loop} again gives something else. Either another version of deltaloop decided then, or its decision.json ` +
    'was edited since. The loop itself followed what is recorded.\n' +
    `  → If the file was edited, put it back from a copy, then type: deltaloop explain ${loop} ${rounds[0]}`
  );
}

function together(problems: CliError[]): CliError {
  const [first] = problems;
  const message = problems.map((problem) => problem.message).join('\n');
  return new CliError(message, { exitCode: EXIT.unexpected, ...(first?.next !== undefined && { next: first.next }) });
}
