import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** How long a browser stays signed in. */
export const SESSION_SECONDS = 12 * 60 * 60;

/** Who may ask a codec server, and for what. */
export interface CodecAccess {
  /** What `Authorization: Bearer` has to hold. */
  token: string;
  /** Origins of pages that may ask, such as `http://localhost:8233`. */
  origins: readonly string[];
  /** The only namespace that is served. */
  namespace: string;
}

/** Compares in a time that does not depend on where two texts differ, nor on their lengths. */
export function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

/**
 * The value of a session's cookie. It is made from the token, so that a new token ends every session, but does not hold
 * it: browsers send a cookie to every port of a host.
 * @param ends seconds since 1970
 */
export function sessionValue(token: string, ends: number): string {
  const seal = createHmac('sha256', token).update(`deltaloop codec session until ${ends}`).digest('hex');
  return `${ends}.${seal}`;
}

/** Whether a cookie's value was made with this token and has not ended. @param now seconds since 1970 */
export function isSession(value: string | undefined, token: string, now: number): boolean {
  const ends = Number(value?.split('.')[0]);
  if (value === undefined || !Number.isSafeInteger(ends)) return false;
  return sameSecret(value, sessionValue(token, ends)) && ends > now;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
