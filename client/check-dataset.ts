import { checkListing } from '../data/checks.ts';
import { readListing } from '../data/listing.ts';
import type { Quotas } from '../data/quotas.ts';
import { countPerClass } from '../data/set-checks.ts';
import type { Finding } from '../loop/finding.ts';
import type { Task } from '../loop/metrics.ts';
import type { ClassCounts } from '../loop/round.ts';

/** What the vision service accepts of a set, by what the set is for. */
export type QuotasFor = Record<CheckedSet['purpose'], Quotas>;

/** A dataset as `deltaloop check` saw it. */
export interface CheckedSet {
  path: string;
  purpose: 'training' | 'evaluation';
  /** Images that could be read, per class. */
  counts: ClassCounts;
  /** Images that could be read, each counted once. */
  images: number;
  findings: Finding[];
}

export interface CheckRequest {
  task: Task;
  /** Folder or COCO file to train on. */
  training: string;
  /** Folder or COCO file to evaluate on. */
  evaluation?: string | undefined;
  quotas: QuotasFor;
}

/**
 * Checks a training set and, when given, an evaluation set and what both share. Opens every image; needs no server.
 * @throws SourceUnreadableError when one of the places cannot be read at all.
 */
export async function checkDatasets({ task, training, evaluation, quotas }: CheckRequest): Promise<CheckedSet[]> {
  const yardstick =
    evaluation === undefined
      ? undefined
      : await checkOne(evaluation, task, { purpose: 'evaluation', quotas: quotas.evaluation });
  const other = yardstick ? { other: yardstick.images } : {};
  const pool = await checkOne(training, task, { purpose: 'training', quotas: quotas.training, ...other });
  return [pool, yardstick].flatMap((checked) => checked?.set ?? []);
}

async function checkOne(path: string, task: Task, options: Parameters<typeof checkListing>[1]) {
  const listing = await readListing(path, { task });
  const { images, findings } = await checkListing(listing, options);
  const counts = countPerClass(images, listing.classes);
  const set: CheckedSet = { path, purpose: options.purpose, counts, images: images.length, findings };
  return { set, images };
}

/** Whether a finding stops a loop. */
export function isError({ severity }: Finding): boolean {
  return severity === 'error';
}
