import { type CheckedImage, probeAll } from '../data/checks.ts';
import { mapAtOnce } from '../data/concurrency.ts';
import { duplicate, labelConflict } from '../data/duplicate-checks.ts';
import { compareText } from '../data/json.ts';
import { readListing } from '../data/listing.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import type { ImageLimits } from '../data/quotas.ts';
import { countPerClass } from '../data/set-checks.ts';
import { groupOf } from '../data/stored-image.ts';
import type { Finding } from '../loop/finding.ts';
import { labelOf, sameLabel } from '../loop/labels.ts';
import type { Task } from '../loop/metrics.ts';
import type { ClassCounts, FileRef } from '../loop/round.ts';
import { type BatchImage, writeBatch } from './batch-file.ts';

const AT_ONCE = 4;

export interface CopiedBatch {
  /** `batches/<sha256>.json`; the same images give the same manifest. */
  manifest: FileRef;
  /** Images per class that were copied; classes with none are absent. */
  counts: ClassCounts;
  /** Images that were copied, each counted once. */
  images: number;
  /** Everything that was not copied, and why. */
  findings: Finding[];
}

/**
 * Copies what a person hands in (one sub-folder per class, or a COCO file) into the loop's inbox and lists it in a manifest.
 * Good images are copied even when others are bad; the bad ones are all findings. Doing it again changes nothing.
 * @throws FolderMissingError before anything is read; SourceUnreadableError; DiskFullError.
 */
export async function copyBatch(
  folder: LoopFolder,
  dir: string,
  options: { classes: readonly string[]; task?: Task; quotas?: ImageLimits },
): Promise<CopiedBatch> {
  await folder.mustExist();
  const { classes, task = 'classification', quotas } = options;
  const listing = await readListing(dir, { classes, task, emptyClasses: 'allow' });
  // Nothing is asked for that an image without a box could give.
  const items = listing.items.filter(({ boxes }) => boxes?.length !== 0);
  const probed = await probeAll(items, quotas ? { quotas } : {});
  const distinct = keepClear(probed.images);
  const images = await mapAtOnce(distinct.images, AT_ONCE, async (image): Promise<BatchImage> => {
    const file = await folder.storeImage(image.path, image, 'inbox');
    return { sha256: image.sha256, file, ...labelOf(image), source: image.name, ...groupOf(image) };
  });
  images.sort((a, b) => compareText(a.sha256, b.sha256));
  return {
    manifest: await writeBatch(folder, { source: dir, images }),
    counts: countPerClass(images, []),
    images: images.length,
    findings: [...listing.findings, ...probed.findings, ...distinct.findings],
  };
}

/** An image that stands twice under one label is taken once; one that stands under two is not taken at all. */
function keepClear(images: readonly CheckedImage[]): { images: CheckedImage[]; findings: Finding[] } {
  const first = new Map<string, CheckedImage>();
  const unclear = new Set<string>();
  const findings: Finding[] = [];
  for (const image of images) {
    const seen = first.get(image.pixelSha256);
    if (seen === undefined) first.set(image.pixelSha256, image);
    else if (sameLabel(seen, image)) findings.push(duplicate(seen, image));
    else {
      unclear.add(image.pixelSha256);
      findings.push(labelConflict(seen, image));
    }
  }
  return { images: [...first.values()].filter((image) => !unclear.has(image.pixelSha256)), findings };
}
