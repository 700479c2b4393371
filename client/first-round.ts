import { firstRoundNeed } from '../decide/delta.ts';
import { plural } from '../decide/format.ts';
import type { ClassCounts } from '../loop/round.ts';
import type { LoopSpec } from '../loop/spec.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

/**
 * Images per class of the first round: N or the service's minimum, cut to the cap on images.
 * @param minimum images of a class that the vision service trains on at least
 * @throws CliError (exit 2) when the cap leaves a class without the minimum: the loop would end before its first round.
 */
export function firstRound(spec: LoopSpec, classes: string[], minimum: number): ClassCounts {
  const need = firstRoundNeed({ ...spec, capImages: spec.caps.images ?? null }, classes, minimum);
  if (need !== null) return need;
  const needed = spec.task === 'detection' ? minimum : minimum * classes.length;
  throw new CliError(
    `caps.images allows ${plural(spec.caps.images ?? 0, 'image')}, but the vision service trains on at least ` +
      `${plural(minimum, 'image')} of each of the ${classes.length} classes: the loop would end before its first round.`,
    { exitCode: EXIT.usage, next: `Raise caps.images in the spec to ${needed} or more.` },
  );
}
