import { closest, distance } from 'fastest-levenshtein';
import { z } from 'zod';
import { LoopSpecSchema } from '../loop/spec.ts';
import { contradictions, type SpecProblem, valueAt } from './spec-contradictions.ts';

type Issue = z.core.$ZodIssue;
type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The JSON Schema of the spec as a person writes it (draft 2020-12); published as `loop/spec.schema.json`. */
export function specJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(LoopSpecSchema, { io: 'input' });
  return { ...($schema !== undefined && { $schema }), title: 'deltaloop spec', ...schema };
}

/** Every problem of a document read from a spec file, in one pass, with suggestions for what was probably meant. */
export function specProblems(document: unknown): SpecProblem[] {
  const parsed = LoopSpecSchema.safeParse(document);
  const shape = parsed.success ? [] : parsed.error.issues.flatMap((issue) => explain(issue, document));
  return [...shape, ...contradictions(document)];
}

function explain(issue: Issue, document: unknown): SpecProblem[] {
  const value = valueAt(document, issue.path);
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(issue.path, key, value));
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
  if (issue.code === 'too_big') return `${shown(value)} is more than ${issue.maximum}`;
  if (issue.code === 'too_small' && issue.origin === 'array') return `needs at least ${issue.minimum} entries`;
  if (issue.code === 'too_small' && issue.origin === 'string') return 'is empty';
  if (issue.code === 'too_small')
    return `${shown(value)} is less than ${issue.minimum}${issue.inclusive ? '' : ' or equal to it'}`;
  if (issue.code === 'invalid_type')
    return `${shown(value)} is not ${KINDS[issue.expected] ?? issue.expected}${quoteHint(issue, value)}`;
  if (issue.code === 'invalid_format') return `${shown(value)}: ${issue.message}`;
  return issue.message;
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

function unknownKey(path: PropertyKey[], key: string, parent: unknown): SpecProblem {
  const known = knownKeys(path, parent);
  const hint = meant(key, known) || `; known here: ${known.join(', ')}`;
  return { path: [...path, key], message: `unknown key${hint}`, isKey: true };
}

function meant(text: string, options: string[]): string {
  if (options.length === 0) return '';
  const nearest = closest(text, options);
  return distance(text.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, text.length / 3)
    ? `; did you mean ${nearest}?`
    : '';
}

/** The keys that the schema allows in the object at `path`; of a union, those of the kind that `parent` names. */
function knownKeys(path: PropertyKey[], parent: unknown): string[] {
  let schema: JsonSchema | undefined = specJsonSchema();
  for (const step of path) schema = property(schema, step);
  const branches = schema?.oneOf ?? (schema ? [schema] : []);
  const ofKind = branches.filter((branch) => property(branch, 'kind')?.const === valueAt(parent, ['kind']));
  return (ofKind.length > 0 ? ofKind : branches).flatMap((branch) => Object.keys(branch.properties ?? {}));
}

function property(schema: JsonSchema | undefined, key: PropertyKey): JsonSchema | undefined {
  const found = schema?.properties?.[String(key)];
  return typeof found === 'object' ? found : undefined;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
