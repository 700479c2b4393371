import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type { CurvesRequest } from '../backtest-curves.ts';
import type { History } from '../backtest-history.ts';
import type { CommandContext } from '../context.ts';
import { count } from '../count-option.ts';

const EVALUATION_IMAGES = 500;
const DRAWS = 20;

type Looks = CurvesRequest['looks'][number];

interface Options {
  evalImages?: number | undefined;
  seeds?: number | undefined;
  target?: number | undefined;
  capImages?: number | undefined;
  frozenEval?: true | undefined;
  json?: true | undefined;
}

/** `deltaloop backtest HISTORY|CURVES` */
export function addBacktestCommand(program: Command, context: CommandContext): void {
  program
    .command('backtest')
    .description(
      'Show what each policy would have done: on the past rounds of a loop or of your own, or on a file of curves',
    )
    .argument(
      '<history|curves>',
      'name of a loop, a file of past rounds (CSV or JSON: images, metric), or a CSV file of curves',
    )
    .option('--eval-images <m>', 'size of the evaluation set; the loop’s own, or 500', count)
    .option('--seeds <s>', 'evaluation sets drawn for each run: 20 for past rounds, 1 for curves', count)
    .option('--target <t>', 'past rounds: the target, above 0 and up to 1; the loop’s own where it has one', fraction)
    .option(
      '--cap-images <n>',
      'past rounds: most training images; the loop’s own cap or pool, or four times the largest',
      count,
    )
    .option('--frozen-eval', 'curves: one frozen evaluation set for all rounds of a run')
    .option('--json', 'print one JSON document')
    .action((source, options) => backtest(context, source, options));
}

function fraction(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('It is no number above 0 and up to 1.');
}

async function backtest(context: CommandContext, source: string, options: Options): Promise<void> {
  const { loopNamed, fileHistory } = await import('../backtest-history.ts');
  const loop = await loopNamed(context.settings.home, source);
  if (loop) return onRounds(context, loop, options);
  const { readText } = await import('../backtest-curves.ts');
  const { meansCurves } = await import('../../backtest/curves.ts');
  const text = await readText(source, 'Name a loop (`deltaloop list`), or a file that is there and may be read.');
  if (meansCurves(text)) return onCurves(context, { text, path: source }, options);
  return onRounds(context, fileHistory(text, source), options);
}

async function onRounds({ output }: CommandContext, history: History, options: Options): Promise<void> {
  const { backtestRounds } = await import('../backtest-rounds.ts');
  const { target, capImages, evalImages: evaluationImages, seeds: draws = DRAWS, json } = options;
  const { document, text } = backtestRounds(history, { target, capImages, evaluationImages, draws });
  if (json) output.json(document);
  else output.data(text);
}

async function onCurves(
  { output }: CommandContext,
  { text, path }: { text: string; path: string },
  { evalImages: evaluationImages = EVALUATION_IMAGES, seeds = 1, frozenEval, json }: Options,
): Promise<void> {
  const { backtestCurves, curvesFrom, curvesText } = await import('../backtest-curves.ts');
  const looks: Looks[] = [frozenEval ? 'shared' : 'independent'];
  const document = await backtestCurves(curvesFrom(text, path), { evaluationImages, seeds, looks }, (line) =>
    output.say(line),
  );
  if (json) output.json(document);
  else output.data(curvesText(document));
}
