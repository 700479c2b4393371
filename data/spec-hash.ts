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
