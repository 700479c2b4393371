import { createHash } from 'node:crypto';

/** A number 0–1 that depends only on its parts, so that the same seed gives the same order everywhere. */
export function hashedNumber(...parts: readonly (string | number)[]): number {
  const digest = createHash('sha256').update(parts.join('\u0000')).digest();
  return digest.readUInt32BE(0) / 2 ** 32;
}
