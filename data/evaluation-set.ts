import { z } from 'zod';
import { FindingSchema, StoredImageSchema } from '../loop/files.ts';
import type { Finding } from '../loop/finding.ts';
import { labelOf } from '../loop/labels.ts';
import type { Task } from '../loop/metrics.ts';
import type { FileRef, StoredImage } from '../loop/round.ts';
import { type CheckedImage, checkListing, type Heartbeat } from './checks.ts';
import { toCoco } from './coco.ts';
import { mapAtOnce } from './concurrency.ts';
import { ChecksFailedError, EvaluationSetChangedError, systemCode } from './errors.ts';
import { sha256Of, sha256OfFile } from './hash.ts';
import { compareText, stableJson } from './json.ts';
import { readListing } from './listing.ts';
import type { LoopFolder } from './loop-folder.ts';
import type { Quotas } from './quotas.ts';
import { groupOf } from './stored-image.ts';

const SET_FILE = 'evaluation/set.json';
const COCO_FILE = 'evaluation/coco.json';
const IMAGES = 'evaluation/images';
const AT_ONCE = 4;

/** An image of the evaluation set: stored under its hash, with the name it had where it came from. */
export interface EvaluationImage extends StoredImage {
  /** File as the source listed it. */
  source: string;
}

/** `evaluation/set.json`. */
export const EvaluationSetSchema = z.strictObject({
  schemaVersion: z.literal(1),
  classes: z.array(z.string()),
  images: z.array(z.strictObject({ ...StoredImageSchema.shape, source: z.string() })),
  findings: z.array(FindingSchema),
});
export type EvaluationSet = z.infer<typeof EvaluationSetSchema>;

export interface FrozenEvaluationSet {
  /** `evaluation/coco.json`. */
  ref: FileRef;
  /** SHA-256 over the classes and, in order, every image's hash, class or boxes, and group; independent of paths. */
  hash: string;
  images: number;
  classes: string[];
  /** Warnings only. */
  findings: Finding[];
}

/**
 * Checks an evaluation set and copies it into the loop's folder, once: a set that is frozen already is returned as
 * it is, whatever has become of its source. Images that stand in it twice are kept once.
 * @throws ChecksFailedError with every finding, before anything is copied; SourceUnreadableError; DiskFullError;
 *   FolderMissingError.
 */
export async function freezeEvaluationSet(
  folder: LoopFolder,
  options: {
    path: string;
    task?: Task;
    classes?: readonly string[];
    quotas: Quotas;
    heartbeat?: Heartbeat;
    signal?: AbortSignal;
  },
): Promise<FrozenEvaluationSet> {
  await folder.mustExist();
  const frozen = await readSet(folder);
  if (frozen) return asFrozen(folder, frozen);
  const { classes, signal, task = 'classification', ...rest } = options;
  const listing = await readListing(options.path, { task, ...(classes ? { classes } : {}) });
  const checked = await checkListing(listing, { ...rest, ...(signal ? { signal } : {}), purpose: 'evaluation' });
  if (checked.findings.some((finding) => finding.severity === 'error')) throw new ChecksFailedError(checked.findings);
  const images = await storeAll(folder, onceEach(checked.images), options);
  const set: EvaluationSet = { schemaVersion: 1, classes: listing.classes, images, findings: checked.findings };
  await folder.writeJsonOnce(SET_FILE, set);
  return asFrozen(folder, set);
}

/**
 * Takes a frozen set back while nothing has been measured on it, so that its source can be mended and frozen anew.
 * The copied images stay; they are stored under their hashes.
 */
export async function discardEvaluationSet(folder: LoopFolder): Promise<void> {
  await folder.discard(SET_FILE);
  await folder.discard(COCO_FILE);
}

/**
 * Reads every file of the frozen evaluation set and compares it with what was frozen under `hash`.
 * @throws EvaluationSetChangedError naming every file that is missing or changed; the signal's reason when aborted.
 */
export async function verifyEvaluationSet(
  folder: LoopFolder,
  hash: string,
  options: { heartbeat?: Heartbeat; signal?: AbortSignal } = {},
): Promise<void> {
  await folder.mustExist();
  const set = await readSet(folder);
  if (!set || hashOf(set) !== hash) throw new EvaluationSetChangedError([SET_FILE]);
  const changed = await changedImages(folder, set, options);
  if (!(await fileHolds(folder.resolve(COCO_FILE), sha256Of(cocoText(folder, set))))) changed.push(COCO_FILE);
  if (changed.length > 0) throw new EvaluationSetChangedError(changed);
}

/** The images of the frozen evaluation set in their fixed order; none when there is no evaluation set. */
export async function readEvaluationSet(folder: LoopFolder): Promise<EvaluationImage[]> {
  return (await readSet(folder))?.images ?? [];
}

async function readSet(folder: LoopFolder): Promise<EvaluationSet | undefined> {
  return folder.readRecord(SET_FILE, EvaluationSetSchema);
}

async function asFrozen(folder: LoopFolder, set: EvaluationSet): Promise<FrozenEvaluationSet> {
  const ref = await folder.writeOnce(COCO_FILE, cocoText(folder, set));
  return { ref, hash: hashOf(set), images: set.images.length, classes: set.classes, findings: set.findings };
}

function cocoText(folder: LoopFolder, set: EvaluationSet): string {
  return stableJson(toCoco({ ...set, imagesDir: folder.resolve(IMAGES) }));
}

function hashOf(set: EvaluationSet): string {
  const images = set.images.map(({ sha256, className, boxes, group }) => [
    sha256,
    className ?? boxes?.map((each) => [each.className, ...each.box]),
    group ?? null,
  ]);
  return sha256Of(stableJson({ classes: set.classes, images }));
}

/** The fixed order is that of the content hashes: no class stands together, and no file name counts. */
function onceEach(images: readonly CheckedImage[]): CheckedImage[] {
  const byPixels = new Map(images.toReversed().map((image) => [image.pixelSha256, image]));
  return [...byPixels.values()].sort((a, b) => compareText(a.sha256, b.sha256));
}

async function storeAll(
  folder: LoopFolder,
  images: readonly CheckedImage[],
  options: { heartbeat?: Heartbeat; signal?: AbortSignal },
): Promise<EvaluationImage[]> {
  let done = 0;
  return mapAtOnce(images, AT_ONCE, async (image) => {
    options.signal?.throwIfAborted();
    const file = await folder.storeImage(image.path, image, IMAGES);
    done += 1;
    options.heartbeat?.(`stored ${done} of ${images.length} evaluation images`);
    const { sha256, pixelSha256, width, height, name } = image;
    return { sha256, pixelSha256, file, ...labelOf(image), width, height, ...groupOf(image), source: name };
  });
}

async function changedImages(
  folder: LoopFolder,
  set: EvaluationSet,
  options: { heartbeat?: Heartbeat; signal?: AbortSignal },
): Promise<string[]> {
  let done = 0;
  const changed = await mapAtOnce(set.images, AT_ONCE, async (image) => {
    options.signal?.throwIfAborted();
    const same = await fileHolds(folder.resolve(`${IMAGES}/${image.file}`), image.sha256);
    done += 1;
    options.heartbeat?.(`verified ${done} of ${set.images.length} evaluation images`);
    return same ? [] : [`${IMAGES}/${image.file}`];
  });
  return changed.flat();
}

async function fileHolds(path: string, sha256: string): Promise<boolean> {
  try {
    return (await sha256OfFile(path)) === sha256;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
