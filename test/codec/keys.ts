import { randomBytes } from 'node:crypto';

/** An encryption key as a person makes it: 32 bytes in base64. */
export function newKey(): string {
  return randomBytes(32).toString('base64');
}

/** The environment that brings keys, the first of which writes. */
export function keysOf(keys: Record<string, string>): Record<string, string> {
  const entries = Object.entries(keys).map(([id, key]) => `${id}:${key}`);
  return { DELTALOOP_ENCRYPTION_KEYS: entries.join(',') };
}
