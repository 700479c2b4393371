import { readFile } from 'node:fs/promises';
import type { Coverage } from '../backtest/coverage.ts';
import type { Curve } from '../backtest/curve.ts';
import { readCurves } from '../backtest/curves.ts';
import { policiesWith } from '../backtest/policies.ts';
import type { Measuring } from '../backtest/run.ts';
import type { Strategy } from '../backtest/strategy.ts';
import { coverageTable, measuredHow, type PolicyScores, scoresTables } from '../backtest/table.ts';
import { systemCode } from '../data/errors.ts';
import { whole } from '../decide/format.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { type MeasureProgress, measurePolicies } from './measure-policies.ts';

const SAY_EVERY_MS = 2000;
const MOST_PROBLEMS = 50;

/** How a file of curves is to be measured. */
export interface CurvesRequest extends Omit<Measuring, 'looks'> {
  /** One table each. */
  looks: Measuring['looks'][];
  /** Names; all when left out. */
  policies?: string[] | undefined;
  /** So many of the curves, evenly over the file; all when left out. */
  curveLimit?: number | undefined;
}

/** One table of a backtest on curves. */
interface CurvesTable extends Measuring {
  curves: number;
  datasets: number;
  rows: PolicyScores[];
  /** Null where the forecast is not among the policies. */
  coverage: Coverage | null;
}

/** What `--json` prints. */
export interface CurvesDocument {
  schemaVersion: 1;
  tables: CurvesTable[];
}

/** @throws CliError (exit 2) when the file cannot be read. */
export async function readText(path: string, next: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError(`${path} cannot be read (${systemCode(error) ?? 'unknown reason'})`, {
      exitCode: EXIT.usage,
      next,
      cause: error,
    });
  }
}

/**
 * The curves of a CSV text.
 * @throws CliError (exit 2) with every problem of the file.
 */
export function curvesFrom(text: string, path: string): Curve[] {
  const { curves, problems } = readCurves(text);
  if (problems.length === 0) return curves;
  throw problemsError(`${path} does not hold learning curves as they are needed`, problems, {
    next: 'Mend these lines: columns curve_id, dataset, n0, n, metric_value, one line a point; see docs/decisions-measured.md. Then type the command again.',
  });
}

/** Every problem on a line of its own; a long list is cut, with how many there are. */
export function problemsError(what: string, problems: readonly string[], { next }: { next: string }): CliError {
  const told = problems.slice(0, MOST_PROBLEMS).map((problem) => `  ${problem}`);
  const rest = problems.length - told.length;
  const lines = [`${what}:`, ...told, ...(rest > 0 ? [`  … and ${whole(rest)} more`] : [])];
  return new CliError(lines.join('\n'), { exitCode: EXIT.usage, next });
}

/** Measures every policy on the curves; says on the way what runs, at most every two seconds. */
export async function backtestCurves(
  curves: Curve[],
  request: CurvesRequest,
  say: (line: string) => void,
): Promise<CurvesDocument> {
  const policies = chosenPolicies(request.policies);
  const some = limited(curves, request.curveLimit);
  const { evaluationImages, seeds } = request;
  const tables: CurvesTable[] = [];
  for (const looks of request.looks) {
    const measuring = { evaluationImages, seeds, looks };
    const measured = await measurePolicies(policies, { curves: some, measuring }, progressLines(policies, say));
    tables.push({
      ...measuring,
      curves: some.length,
      datasets: new Set(some.map(({ dataset }) => dataset)).size,
      ...measured,
    });
  }
  return { schemaVersion: 1, tables };
}

function chosenPolicies(names: readonly string[] | undefined): Strategy[] {
  const all = policiesWith({});
  const unknown = names?.filter((name) => !all.some((policy) => policy.name === name)) ?? [];
  if (unknown.length === 0) return all.filter(({ name }) => names === undefined || names.includes(name));
  throw new CliError(`There is no policy ${unknown.join(', ')}; there are: ${all.map(({ name }) => name).join(', ')}`, {
    exitCode: EXIT.usage,
    next: 'Name some of these, with commas between them, or leave --policies out for all.',
  });
}

function limited(curves: Curve[], limit: number = curves.length): Curve[] {
  const count = Math.min(limit, curves.length);
  return Array.from({ length: count }, (_, at) => curves[Math.floor((at * curves.length) / count)]).filter(
    (curve) => curve !== undefined,
  );
}

function progressLines(
  policies: readonly Strategy[],
  say: (line: string) => void,
): (progress: MeasureProgress) => void {
  let said = Date.now();
  return ({ policy, curves, of }) => {
    if (Date.now() - said < SAY_EVERY_MS) return;
    said = Date.now();
    const at = policies.findIndex(({ name }) => name === policy) + 1;
    const what = policy === null ? 'The forecast’s ranges' : `Policy ${at} of ${policies.length}, ${policy}`;
    say(`${what}: ${whole(curves)} of ${whole(of)} curves`);
  };
}

/** The tables, each under a sentence that says how it was measured. */
export function curvesText({ tables }: CurvesDocument): string {
  return tables.map(tableText).join('\n\n');
}

function tableText({ coverage, rows, ...how }: CurvesTable): string {
  const parts = [measuredHow(how), scoresTables(rows), ...(coverage === null ? [] : [coverageTable(coverage)])];
  return parts.join('\n\n');
}
