import type { Finding } from '../loop/finding.ts';
import type { StoredImage } from '../loop/round.ts';
import { checkBoxes } from './box-checks.ts';
import { checkClassNames } from './class-names.ts';
import { mapAtOnce } from './concurrency.ts';
import { checkDuplicates } from './duplicate-checks.ts';
import type { ListedImage, Listing } from './listed-image.ts';
import { checkOverlap, evaluationSide } from './overlap-checks.ts';
import { ImageProblem, type Probe, probeImage } from './probe.ts';
import type { ImageLimits, Quotas } from './quotas.ts';
import { checkCounts, checkShapes, type Purpose } from './set-checks.ts';

/** Images are decoded this many at a time. */
const AT_ONCE = 2;

/** A listed image that could be read and decoded. */
export interface CheckedImage extends ListedImage, Probe {}

/** Says what is being done, for heartbeats. */
export type Heartbeat = (note: string) => void;

export interface CheckOptions {
  purpose: Purpose;
  quotas: Quotas;
  /** The set on the other side of the split: none of the images, pixels or groups may be in both. */
  other?: readonly OtherImage[];
  heartbeat?: Heartbeat;
  signal?: AbortSignal;
}

/** What is compared with the other side of a split. */
interface OtherImage {
  /** How findings name it. */
  name: string;
  sha256: string;
  pixelSha256: string;
  group?: string;
}

/**
 * Opens every listed image and checks the whole dataset; all problems in one pass, the listing's own among them.
 * @returns the images that could be read, whatever else is wrong with them, in the listing's order.
 * @throws the signal's reason when aborted.
 */
export async function checkListing(
  listing: Listing,
  options: CheckOptions,
): Promise<{ images: CheckedImage[]; findings: Finding[] }> {
  const probed = await probeAll(listing.items, options);
  const findings = [...listing.findings, ...probed.findings, ...checkClassNames(listing.classes)];
  findings.push(...checkSet(probed.images, { ...options, classes: listing.classes }));
  return { images: probed.images, findings };
}

/**
 * Checks a training set of stored images against the service's quotas and the evaluation set; opens no file.
 * @returns the images as they were given, and all problems in one pass.
 */
export function checkTrainingSet(set: {
  images: readonly StoredImage[];
  classes: readonly string[];
  quotas: Quotas;
  evaluation?: readonly (StoredImage & { source: string })[];
}): { images: readonly StoredImage[]; findings: Finding[] } {
  const images = set.images.map(named);
  const other = set.evaluation?.map(evaluationSide);
  const options = {
    purpose: 'training',
    quotas: set.quotas,
    classes: set.classes,
    ...(other ? { other } : {}),
  } as const;
  return { images: set.images, findings: [...checkClassNames(set.classes), ...checkSet(images, options)] };
}

/** Opens images, `AT_ONCE` at a time; those that cannot be used become findings. Keeps the order. */
export async function probeAll(
  items: readonly ListedImage[],
  options: { quotas?: Partial<ImageLimits>; heartbeat?: Heartbeat; signal?: AbortSignal },
): Promise<{ images: CheckedImage[]; findings: Finding[] }> {
  let done = 0;
  const results = await mapAtOnce(items, AT_ONCE, async (item) => {
    options.signal?.throwIfAborted();
    const result = await probeItem(item, options.quotas);
    done += 1;
    options.heartbeat?.(`checked ${done} of ${items.length} images`);
    return result;
  });
  return {
    images: results.flatMap((result) => ('image' in result ? [result.image] : [])),
    findings: results.flatMap((result) => ('finding' in result ? [result.finding] : [])),
  };
}

async function probeItem(
  item: ListedImage,
  limits?: Partial<ImageLimits>,
): Promise<{ image: CheckedImage } | { finding: Finding }> {
  try {
    return { image: { ...item, ...(await probeImage(item.path, limits)) } };
  } catch (error) {
    if (error instanceof ImageProblem) return { finding: error.toFinding(item.name) };
    throw error;
  }
}

type SetImage = Parameters<typeof checkDuplicates>[0][number];

function checkSet(images: readonly SetImage[], options: CheckOptions & { classes: readonly string[] }): Finding[] {
  return [
    ...checkCounts(distinct(images), options),
    ...checkDuplicates(images),
    ...checkOverlap(images, options.other ?? []),
    ...checkShapes(images, options.purpose),
    ...checkBoxes(images, options),
  ];
}

function named(image: StoredImage): StoredImage & { name: string } {
  return { ...image, name: `images/${image.file}` };
}

/** An image that stands in the set twice counts once. */
function distinct(images: readonly SetImage[]): SetImage[] {
  return [...new Map(images.map((image) => [image.pixelSha256, image])).values()];
}
