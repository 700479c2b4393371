import { evaluationQuotas, trainingQuotas } from '../activities/quotas.ts';
import { type CheckedImage, checkListing } from '../data/checks.ts';
import { readListing } from '../data/listing.ts';
import { countPerClass } from '../data/set-checks.ts';
import type { Finding } from '../loop/finding.ts';
import type { ClassCounts } from '../loop/round.ts';
import { EMBEDDED_CAPABILITIES } from '../vision/capabilities.ts';

/** A dataset as `deltaloop check` saw it. */
export interface CheckedSet {
  path: string;
  purpose: 'training' | 'evaluation';
  /** Images that could be read, per class. */
  counts: ClassCounts;
  findings: Finding[];
}

/**
 * Checks a training set and, when given, an evaluation set and what both share, against the documented quotas of the
 * vision API. Opens every image; needs no server.
 * @throws SourceUnreadableError when one of the places cannot be read at all.
 */
export async function checkDatasets(training: string, evaluation?: string): Promise<CheckedSet[]> {
  const yardstick = evaluation === undefined ? undefined : await checkOne(evaluation, 'evaluation');
  const pool = await checkOne(training, 'training', yardstick?.images);
  return [pool, yardstick].flatMap((checked) => checked?.set ?? []);
}

async function checkOne(path: string, purpose: CheckedSet['purpose'], other?: CheckedImage[]) {
  const listing = await readListing(path);
  const quotas = (purpose === 'training' ? trainingQuotas : evaluationQuotas)(EMBEDDED_CAPABILITIES);
  const { images, findings } = await checkListing(listing, { purpose, quotas, ...(other && { other }) });
  const set: CheckedSet = { path, purpose, counts: countPerClass(images, listing.classes), findings };
  return { set, images };
}

/** Whether a finding stops a loop. */
export function isError({ severity }: Finding): boolean {
  return severity === 'error';
}
