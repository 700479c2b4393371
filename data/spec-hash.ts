import type { LoopOrigin } from '../loop/round.ts';
import { LATER_DEFAULTS, type LoopSpec } from '../loop/spec.ts';
import { sha256Of } from './hash.ts';

/** JSON with sorted keys and no spaces: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
}

/**
 * SHA-256 of the resolved spec's canonical JSON, hex: what makes two starts the same loop. Later keys at their defaults do not
 * count: a spec that was resolved before there were such keys has the hash that it had then.
 * @param from the loop whose images it takes over: without it, or from another one, it would be another loop
 */
export function specHash(spec: LoopSpec, from?: LoopOrigin): string {
  const text = canonicalJson(withoutDefaults(spec, LATER_DEFAULTS));
  return sha256Of(from === undefined ? text : `${text}\nfrom ${from.instanceId}`);
}

/** An object without what equals its default; of an object within, what is left, or nothing. */
function withoutDefaults(value: object, defaults: object): object {
  const known = new Map<string, unknown>(Object.entries(defaults));
  const kept = Object.entries(value).flatMap(([key, entry]: [string, unknown]) => {
    const normal = known.get(key);
    if (normal === entry) return [];
    if (!isObject(normal) || !isObject(entry)) return [[key, entry]];
    const rest = withoutDefaults(entry, normal);
    return Object.keys(rest).length === 0 ? [] : [[key, rest]];
  });
  return Object.fromEntries(kept);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
