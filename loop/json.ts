import { shapeProblem } from './shape.ts';

/** What a JSON text holds; undefined, which no JSON text holds, where it is none. */
export function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What a JSON text from outside holds, or why it is not looked at, as the rest of a sentence: it is no JSON, is nested without end,
 * or has a key that could change other objects.
 */
export function foreignJson(text: string): { value: unknown } | { problem: string } {
  const value = jsonOrUndefined(text);
  const problem = value === undefined ? 'is not JSON' : shapeProblem(value);
  return problem === undefined ? { value } : { problem };
}
