import { Command, CommanderError } from '@commander-js/extra-typings';
import { backtestCurves, curvesFrom, curvesText, readText } from '../client/backtest-curves.ts';
import { count } from '../client/count-option.ts';
import { EXIT } from '../client/exit-codes.ts';
import { errorText, explainError } from '../client/explain-error.ts';
import { processOutput } from '../client/output.ts';
import { machine } from './machine.ts';

const EVALUATION_IMAGES = 500;
const output = processOutput();

const program = new Command('npm run bench:decisions --')
  .description(
    'Measure every policy of stopping and growing on learning curves: one table on stdout, progress on stderr',
  )
  .requiredOption('--curves <file>', 'CSV with the columns curve_id, dataset, n0, n, metric_value')
  .option('--eval-images <m>', 'size of the evaluation set', count, EVALUATION_IMAGES)
  .option('--seeds <s>', 'runs of each curve and target', count, 1)
  .option('--frozen-eval', 'a second table, with one frozen evaluation set for all rounds of a run')
  .option('--policies <names>', 'only these, with commas between them', (text) => text.split(','))
  .option('--curve-limit <n>', 'only so many of the curves, evenly over the file', count)
  .option('--json', 'print one JSON document')
  .exitOverride()
  .action(async ({ curves: file, evalImages: evaluationImages, seeds, frozenEval, policies, curveLimit, json }) => {
    const curves = curvesFrom(
      await readText(file, 'Give the path of a CSV file of curves: npm run bench:decisions -- --curves FILE'),
      file,
    );
    const looks = frozenEval ? (['independent', 'shared'] as const) : (['independent'] as const);
    const request = { evaluationImages, seeds, looks: [...looks], policies, curveLimit };
    const document = await backtestCurves(curves, request, (line) => output.say(line));
    if (json) output.json(document);
    else output.data(`${machine()}\n\n${curvesText(document)}`);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else {
    const explained = explainError(error);
    output.say(errorText(explained, false));
    process.exitCode = explained.exitCode;
  }
}
