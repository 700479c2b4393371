import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ServiceStartError } from '../errors.ts';
import { type FaultRules, FaultRulesSchema } from './schema.ts';

/**
 * Reads the rules that `DELTALOOP_VISION_FAULTS` names. Only a process that is plainly under test gets them.
 *
 * @param nodeEnv value of `NODE_ENV`
 * @throws {ServiceStartError} outside `NODE_ENV=test`, or when the file makes no sense
 */
export function faultRulesFromFile(file: string, nodeEnv: string | undefined): FaultRules {
  const refuse = (why: string) => new ServiceStartError(`DELTALOOP_VISION_FAULTS: ${why}`);
  if (nodeEnv !== 'test') throw refuse('faults on demand are for tests only; unset it, or set NODE_ENV=test as well.');
  try {
    return FaultRulesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof z.ZodError) throw refuse(`${file} does not fit:\n${z.prettifyError(error)}`);
    throw refuse(`${file} cannot be read (${error instanceof Error ? error.message : String(error)}).`);
  }
}
