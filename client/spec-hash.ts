import { createHash } from 'node:crypto';
import type { LoopSpec } from '../loop/spec.ts';

/** JSON with sorted keys and no spaces: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, entry]) => `${JSON.stringify(key)}:${canonicalJson(entry)}`).join(',')}}`;
}

/** SHA-256 of the resolved spec's canonical JSON, hex: what makes two starts the same loop. */
export function specHash(spec: LoopSpec): string {
  return createHash('sha256').update(canonicalJson(spec)).digest('hex');
}

/** What differs between two specs, field by field: `target: 0.84 → 0.9`. */
export function specDifferences(before: unknown, after: unknown): string[] {
  const [old, now] = [leaves(before), leaves(after)];
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  return keys
    .filter((key) => old.get(key) !== now.get(key))
    .map((key) => `${key}: ${old.get(key) ?? 'not set'} → ${now.get(key) ?? 'not set'}`);
}

function leaves(value: unknown, path: string[] = []): Map<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return value === undefined ? new Map() : new Map([[path.join('.'), JSON.stringify(value)]]);
  }
  return new Map(Object.entries(value).flatMap(([key, entry]) => [...leaves(entry, [...path, key])]));
}
