import { InvalidArgumentError } from '@commander-js/extra-typings';
import { LoopNameSchema } from '../loop/spec.ts';

/** Parses the LOOP argument of a command. */
export function loopName(text: string): string {
  const parsed = LoopNameSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It names no loop: ${parsed.error.issues[0]?.message}.`);
}
