import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { systemCode } from '../data/errors.ts';
import { shapeProblem } from '../loop/shape.ts';
import { type LoopSpec, LoopSpecSchema } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import type { SpecProblem } from './dial-problems.ts';
import { EXIT } from './exit-codes.ts';
import { specProblems } from './spec-problems.ts';

/**
 * Reads a spec file (YAML or JSON), fills in every default and makes its paths absolute, relative to the file.
 * @throws CliError (exit 2) that lists every problem with its line when the file cannot be read or makes no sense.
 */
export async function readSpecFile(path: string): Promise<LoopSpec> {
  return resolvePaths(parseSpec(await readText(path), path), dirname(resolve(path)));
}

async function readText(path: string): Promise<string> {
  try {
    return await readSmall(path);
  } catch (error) {
    const why = READ_PROBLEMS[systemCode(error) ?? ''];
    if (why === undefined) throw error;
    throw new CliError(`The spec ${path} ${why}.`, {
      exitCode: EXIT.usage,
      next: 'Give the path of a YAML file, e.g. `deltaloop start loop.yaml`.',
      cause: error,
    });
  }
}

/** No spec is longer; a larger file is another one, or an attack on the parser. */
const MAX_SPEC_BYTES = 1_000_000;

async function readSmall(path: string): Promise<string> {
  const { size } = await stat(path);
  if (size > MAX_SPEC_BYTES) throw refusal(path, [`${path}  has ${size} bytes; a spec may have ${MAX_SPEC_BYTES}`]);
  return readFile(path, 'utf8');
}

const READ_PROBLEMS: Record<string, string> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a folder, not a file',
  EACCES: 'cannot be read: permission denied',
};

/**
 * Parses the text of a spec; `path` only names it in errors. Paths in it stay as written.
 * @throws CliError (exit 2) with every problem and its line.
 */
export function parseSpec(text: string, path: string): LoopSpec {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors.map(
    (error) => `${position(path, lines, error.pos[0])}  ${plainReason(error.message)}`,
  );
  if (broken.length > 0) throw refusal(path, broken);
  const value = plainValue(document, path);
  if (value === null) throw refusal(path, [`${path}  is empty`]);
  const problems = describeAll(specProblems(value), { document, lines, path });
  if (problems.length > 0) throw refusal(path, problems);
  return LoopSpecSchema.parse(value);
}

/** The parser calls itself for every level; a text that is nothing but nesting uses its stack up. */
function plainReason(message: string): string {
  return message.includes('call stack') ? 'the text is nested too deep' : message;
}

/** @throws CliError for aliases that multiply beyond reason, nesting without end, and keys that are never taken. */
function plainValue(document: Document, path: string): unknown {
  try {
    const value: unknown = document.toJS();
    const problem = shapeProblem(value);
    if (problem !== undefined) throw refusal(path, [`${path}  ${problem}`]);
    return value;
  } catch (error) {
    if (error instanceof RangeError) throw refusal(path, [`${path}  is nested too deep`]);
    if (error instanceof ReferenceError) throw refusal(path, [`${path}  has aliases that multiply without end`]);
    throw error;
  }
}

interface Source {
  document: Document;
  lines: LineCounter;
  path: string;
}

/** The problems in the order of the file. */
function describeAll(problems: SpecProblem[], source: Source): string[] {
  const placed = problems.map((problem) => ({ problem, offset: offsetOf(problem, source.document) }));
  const sorted = placed.sort((a, b) => (a.offset ?? 0) - (b.offset ?? 0));
  return sorted.map(({ problem, offset }) => {
    const name = problem.path.map(String).join('.') || 'the file';
    return `${position(source.path, source.lines, offset)}  ${name}: ${problem.message}`;
  });
}

function position(path: string, lines: LineCounter, offset: number | undefined): string {
  if (offset === undefined) return path;
  const { line, col } = lines.linePos(offset);
  return `${path}:${line}:${col}`;
}

/** Where a problem stands in the text: its key or value, else the nearest parent that is there. */
function offsetOf(problem: SpecProblem, document: Document): number | undefined {
  const key = keyOffset(problem.path, document);
  if (problem.isKey && key !== undefined) return key;
  for (let length = problem.path.length; length > 0; length -= 1) {
    const node = document.getIn(problem.path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return undefined;
}

function keyOffset(path: PropertyKey[], document: Document): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const key = parent.items.find((pair) => isScalar(pair.key) && pair.key.value === path.at(-1))?.key;
  return isScalar(key) ? key.range?.[0] : undefined;
}

function refusal(path: string, problems: string[]): CliError {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return new CliError(
    [`The spec ${path} has ${count}; nothing was started:`, ...problems.map((line) => `  ${line}`)].join('\n'),
    {
      exitCode: EXIT.usage,
      next: 'Mend these lines and type the command again. All keys are described in loop/spec.schema.json (`deltaloop schema` prints it).',
    },
  );
}

function resolvePaths(spec: LoopSpec, base: string): LoopSpec {
  const collector =
    spec.collector.kind === 'pool' ? { ...spec.collector, path: resolve(base, spec.collector.path) } : spec.collector;
  if (!spec.evaluation) return { ...spec, collector };
  return { ...spec, collector, evaluation: { ...spec.evaluation, path: resolve(base, spec.evaluation.path) } };
}
