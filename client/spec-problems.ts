import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import { LoopSpecSchema } from '../loop/spec.ts';
import { type SpecProblem, valueAt } from './dial-problems.ts';
import { type JsonSchema, jsonSchemaOf } from './json-schemas.ts';
import { contradictions } from './spec-contradictions.ts';

type Issue = z.core.$ZodIssue;

/** The JSON Schema of the spec as a person writes it (draft 2020-12); published as `loop/spec.schema.json`. */
export function specJsonSchema(): JsonSchema {
  return jsonSchemaOf(LoopSpecSchema, { io: 'input', title: 'deltaloop spec' });
}

/** Every problem of a document read from a spec file, in one pass, with suggestions for what was probably meant. */
export function specProblems(document: unknown): SpecProblem[] {
  const parsed = LoopSpecSchema.safeParse(document);
  const shape = parsed.success ? [] : schemaProblems(parsed.error, { document, schema: specJsonSchema });
  return [...shape, ...contradictions(document)];
}

interface Read {
  document: unknown;
  /** The JSON Schema that the document should fit, made when a key has to be looked up. */
  schema: () => JsonSchema;
}

/** What a schema found in a document, in the words of people. */
export function schemaProblems(error: z.ZodError, read: Read): SpecProblem[] {
  return error.issues.flatMap((issue) => explain(issue, read));
}

function explain(issue: Issue, { document, schema }: Read): SpecProblem[] {
  const value = valueAt(document, issue.path);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownKey([...issue.path, key], knownKeys(issue.path, value, schema())));
  if (value === undefined && issue.code === 'invalid_type') return [{ path: issue.path, message: 'is missing' }];
  const options = optionsOf(issue);
  if (options.length === 0) return [{ path: issue.path, message: plainMessage(issue, value) }];
  return [
    {
      path: issue.path,
      message: `${shown(value)} is not one of ${options.join(', ')}${meant(String(value), options)}`,
    },
  ];
}

function optionsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options))
    return issue.options.map(String);
  return [];
}

function plainMessage(issue: Issue, value: unknown): string {
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return beyondNumbers(value);
  if (issue.code === 'too_big') return `${shown(value)} is more than ${issue.maximum}`;
  if (issue.code === 'too_small' && issue.origin === 'array')
    return issue.minimum === 1 ? 'is empty' : `needs at least ${issue.minimum} entries`;
  if (issue.code === 'too_small' && issue.origin === 'string') return 'is empty';
  if (issue.code === 'too_small')
    return `${shown(value)} is less than ${issue.minimum}${issue.inclusive ? '' : ' or equal to it'}`;
  if (issue.code === 'invalid_type')
    return `${shown(value)} is not ${KINDS[issue.expected] ?? issue.expected}${quoteHint(issue, value)}`;
  if (issue.code === 'invalid_format') return `${shown(value)}: ${issue.message}`;
  if (issue.code === 'invalid_union') return `${shown(value)} is not ${OR.format(kindsOf(issue))}`;
  return issue.message;
}

/** What `1e999` or `.inf` reads as: JSON could not even show it. */
function beyondNumbers(value: number): string {
  return `is too ${value > 0 ? 'large' : 'small'} a number: none beyond ${value > 0 ? '' : '−'}1.8e308 can be read`;
}

const OR = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** What each way to read a value would have it be. */
function kindsOf({ errors }: z.core.$ZodIssueInvalidUnion): string[] {
  const expected = errors.flat().flatMap((issue) => (issue.code === 'invalid_type' ? [issue.expected] : []));
  return expected.map((kind) => KINDS[kind] ?? kind);
}

const KINDS: Record<string, string> = {
  object: 'a group of keys',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function quoteHint(issue: z.core.$ZodIssueInvalidType, value: unknown): string {
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  return issue.expected === 'string' && scalar ? `; write it in quotes: '${value}'` : '';
}

function unknownKey(path: PropertyKey[], known: string[]): SpecProblem {
  const hint = meant(String(path.at(-1)), known) || `; known here: ${known.join(', ')}`;
  return { path, message: `unknown key${hint}`, isKey: true };
}

function meant(text: string, options: string[]): string {
  if (options.length === 0) return '';
  const nearest = closest(text, options);
  return distance(text.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, text.length / 3)
    ? `; did you mean ${nearest}?`
    : '';
}

/** The keys that the schema allows in the object at `path`; of a union, those of the kind that `parent` names. */
function knownKeys(path: PropertyKey[], parent: unknown, document: JsonSchema): string[] {
  let schema: JsonSchema | undefined = document;
  for (const step of path) schema = property(schema, step);
  const branches = schema?.oneOf ?? (schema ? [schema] : []);
  const ofKind = branches.filter((branch) => property(branch, 'kind')?.const === valueAt(parent, ['kind']));
  return (ofKind.length > 0 ? ofKind : branches).flatMap((branch) => Object.keys(branch.properties ?? {}));
}

function property(schema: JsonSchema | undefined, key: PropertyKey): JsonSchema | undefined {
  const found = typeof key === 'number' ? schema?.items : schema?.properties?.[String(key)];
  return typeof found === 'object' && !Array.isArray(found) ? found : undefined;
}

function shown(value: unknown): string {
  const text = Number.isNaN(value) ? 'NaN' : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
