import { resolve } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { CHANGE_KEYS, type Changes, changeProblems } from '../loop/changes.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

export interface SetContext {
  /** The spec in force; undefined where the loop's folder is not seen, and the loop itself judges. */
  spec: LoopSpec | undefined;
  /** What a relative `collector.path` is relative to. */
  cwd: string;
  /** The command to show as an example, without its `--set`. */
  command: string;
}

/**
 * Reads the pairs of `--set key=value`: numbers, `none` for no value, and words.
 * @throws CliError (exit 2) with every problem of every pair.
 */
export function parseSets(pairs: readonly string[], { spec, cwd, command }: SetContext): Changes {
  const split = pairs.map(splitPair);
  const problems = [...split.flatMap(({ problem }) => problem ?? []), ...twice(split)];
  const known = split.filter(({ problem }) => problem === undefined);
  const set = Object.fromEntries(known.map(({ key, text }) => [key, toValue(key, text, cwd)]));
  if (known.length > 0 || problems.length === 0) problems.push(...changeProblems(spec, set));
  if (problems.length === 0) return set;
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  throw new CliError(
    [`What --set asks for has ${count}; nothing was changed:`, ...problems.map((line) => `  ${line}`)].join('\n'),
    {
      exitCode: EXIT.usage,
      next: `Mend it and type the command again, such as: ${command} --set caps.hours=30 --set target=none`,
    },
  );
}

interface Pair {
  key: string;
  text: string;
  problem?: string;
}

/** Keys that are refused for a reason of their own, which `changeProblems` gives. */
const FIXED = /^(evaluation(\..*)?|caps\.deadline)$/;

function splitPair(pair: string): Pair {
  const at = pair.indexOf('=');
  const [key, text] = at < 0 ? [pair, ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  if (at < 0) return { key, text, problem: `${JSON.stringify(pair)} is no key=value.` };
  if (FIXED.test(key) || CHANGE_KEYS.some((known) => known === key))
    return text === ''
      ? { key, text, problem: `${key} has no value; write ${key}=none to take it away.` }
      : { key, text };
  return { key, text, problem: `${JSON.stringify(key)} cannot be changed${meant(key)}` };
}

function meant(key: string): string {
  const nearest = closest(key, CHANGE_KEYS);
  const tail = CHANGE_KEYS.find((known) => known.split('.').at(-1) === key);
  const guess = tail ?? (distance(key, nearest) <= Math.max(2, key.length / 3) ? nearest : undefined);
  return guess === undefined ? `; what can be: ${CHANGE_KEYS.join(', ')}.` : `; did you mean ${guess}?`;
}

function twice(pairs: readonly Pair[]): string[] {
  const keys = pairs.filter(({ problem }) => problem === undefined).map(({ key }) => key);
  const again = new Set(keys.filter((key, at) => keys.indexOf(key) !== at));
  return [...again].map((key) => `${key} is given more than once.`);
}

/** Keys whose values are words, even where they look like numbers. */
const WORDS = ['delta.kind', 'collector.path', 'service'];

function toValue(key: string, text: string, cwd: string): string | number | null {
  if (key === 'collector.path') return resolve(cwd, text);
  if (text === 'none' && key !== 'service') return null;
  const number = Number(text);
  return WORDS.includes(key) || Number.isNaN(number) ? text : number;
}
