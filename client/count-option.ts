import { InvalidArgumentError } from '@commander-js/extra-typings';

/** Parses an option that counts something. */
export function count(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('It is no whole number from 1.');
}
