import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

/** The checkout that holds docker-compose.yml and Dockerfile. */
export const ROOT = fileURLToPath(new URL('../', import.meta.url));

const HealthSchema = z.looseObject({ test: z.array(z.string()).min(2) });
const ServiceSchema = z.looseObject({
  image: z.string(),
  restart: z.string(),
  user: z.string().optional(),
  command: z.array(z.string()).optional(),
  ports: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  volumes: z.array(z.string()).default([]),
  networks: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).default({}),
  stop_grace_period: z.string().optional(),
  healthcheck: HealthSchema.optional(),
});
const ComposeSchema = z.looseObject({
  services: z.record(z.string(), ServiceSchema),
  networks: z.record(z.string(), z.looseObject({ internal: z.boolean().optional() }).nullable()),
  volumes: z.record(z.string(), z.unknown()),
});
export type ComposeService = z.output<typeof ServiceSchema>;

/** docker-compose.yml as it stands, with its merges done and its `${VARIABLES}` still in place. */
export const composeText = readFileSync(`${ROOT}docker-compose.yml`, 'utf8');

/** A variable of the file with what stands after its name: `:-default`, `:?message`, or nothing. */
export interface ComposeVariable {
  name: string;
  mark: ':-' | ':?' | '';
  word: string;
}

const VARIABLE = /\$\{(\w+)(?:(:-|:\?)([^}]*))?\}/g;

/** Every variable that a text mentions, in order, repeated ones too. */
export function variablesOf(text: string): ComposeVariable[] {
  return [...text.matchAll(VARIABLE)].map(([, name = '', mark = '', word = '']) => ({
    name,
    mark: mark === ':-' || mark === ':?' ? mark : '',
    word,
  }));
}

/**
 * docker-compose.yml as Compose would see it with these variables.
 * @throws Error when a required variable is missing, with the message of the file
 */
export function composeFile(variables?: Readonly<Record<string, string>>): z.output<typeof ComposeSchema> {
  return ComposeSchema.parse(interpolated(parse(composeText, { merge: true }), variables));
}

function interpolated(value: unknown, variables: Readonly<Record<string, string>> | undefined): unknown {
  if (variables === undefined) return value;
  if (typeof value === 'string') return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((entry) => interpolated(entry, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, interpolated(entry, variables)]));
}

function interpolate(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(VARIABLE, (mention) => {
    const [{ name, mark, word } = { name: '', mark: '', word: '' }] = variablesOf(mention);
    const value = variables[name] ?? '';
    if (mark === ':?' && value === '') throw new Error(`${name} ${word}`);
    return value === '' && mark === ':-' ? word : value;
  });
}

/** Milliseconds of a Compose duration such as `40s` or `2m`. */
export function durationMs(text: string): number {
  const [, amount, unit] = /^(\d+)(s|m)$/.exec(text) ?? [];
  if (amount === undefined) throw new Error(`${text} is no whole number of seconds or minutes`);
  return Number(amount) * (unit === 'm' ? 60_000 : 1000);
}
