import { nestedSubsets } from '../collect/nested-subsets.ts';
import type { Quotas } from '../data/quotas.ts';
import { countPerClass } from '../data/set-checks.ts';
import { whyNoParts } from '../decide/first-parts.ts';
import { type SubsetsFile, SubsetsFileSchema } from '../loop/files.ts';
import type { StoredImage, SubsetPoint } from '../loop/round.ts';
import { type LoopFiles, roundFile } from './loop-files.ts';
import { metricOf, verdictsOf } from './measured.ts';
import { writeSet } from './training-set.ts';
import type { DecideInput, SubsetSet, TrainingSet } from './types.ts';

const FILE = roundFile(1, 'subsets');

interface FirstRound {
  images: readonly StoredImage[];
  classes: readonly string[];
  quotas: Quotas;
}

/**
 * Nested parts of the first round's images, which give the forecast points that cost no images: written as COCO files, smallest
 * first. Where a class would keep too few, or there is no frozen set to measure them on, the sentence that says so.
 */
export async function subsetsOf(
  files: LoopFiles,
  { images, classes, quotas }: FirstRound,
): Promise<Pick<TrainingSet, 'subsets' | 'withoutSubsets'>> {
  const { evaluation, seed } = files.spec;
  const conditions = { evaluated: evaluation !== undefined, minimum: quotas.minImagesPerClass };
  const withoutSubsets = whyNoParts(countPerClass(images, []), conditions);
  if (withoutSubsets !== null) return { withoutSubsets };
  const parts = await nestedSubsets(images, seed);
  if (parts.length === 0) return { withoutSubsets: NONE_SMALLER };
  const subsets: SubsetSet[] = [];
  for (const { share, images: part } of parts)
    subsets.push({ share, ...(await writeSet(files, { images: part, classes, place: { round: 1, share } })) });
  return { subsets };
}

const NONE_SMALLER =
  'No parts of round 1 are trained for the forecast: its images show so many classes each that no part would be smaller.';

/** Records what became of the parts of the first round: `rounds/1/subsets.json`. Later rounds read their points from there. */
export async function recordSubsets(files: LoopFiles, { subsets }: DecideInput): Promise<void> {
  if (subsets === undefined) return;
  const points = await Promise.all(
    subsets.models.map(async (each) => ({ ...each, metric: await metricOf(files, { ...each, round: 1 }) })),
  );
  const file: SubsetsFile = { schemaVersion: 1, points, notes: subsets.notes };
  await files.folder.writeJsonOnce(FILE, file);
}

/** What is on record of the parts of the first round; undefined before, and in loops from before there were any. */
export function readSubsets({ folder }: Pick<LoopFiles, 'folder'>): Promise<SubsetsFile | undefined> {
  return folder.readRecord(FILE, SubsetsFileSchema);
}

/** The parts of the first round as points of the curve, smallest first; none where there are none. */
export async function subsetPoints(files: LoopFiles): Promise<SubsetPoint[]> {
  const { points = [] } = (await readSubsets(files)) ?? {};
  return Promise.all(
    points.map(async ({ share, images, metric, model }) => ({
      share,
      images,
      metric,
      verdicts: await verdictsOf(files, { round: 1, share, model }),
    })),
  );
}
