import { unknownClass } from '../data/class-names.ts';
import { mapAtOnce } from '../data/concurrency.ts';
import { FolderConflictError } from '../data/errors.ts';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import { countPerClass } from '../data/set-checks.ts';
import { groupOf } from '../data/stored-image.ts';
import type { Finding } from '../loop/finding.ts';
import { classesOf, labelOf } from '../loop/labels.ts';
import type { ClassCounts, FileRef } from '../loop/round.ts';
import {
  type Admission,
  type AdmittedImage,
  readAdmissionOf,
  readAdmissions,
  writeAdmission,
} from './admission-file.ts';
import { type BatchImage, readBatch } from './batch-file.ts';
import { type Candidate, Known, type Opened, openEntry } from './candidates.ts';
import type { CollectContext } from './collector.ts';
import { readSeed } from './seed.ts';

const AT_ONCE = 2;
const DUPLICATES = ['duplicate-exact', 'duplicate-pixels'];

export interface AdmitResult {
  accepted: ClassCounts;
  /** Accepted images, each counted once. */
  images: number;
  /** Images that the loop has already, under the same class. */
  duplicates: number;
  /** One finding for each image that cannot be used. */
  refused: Finding[];
}

/**
 * Admits one batch: opens its images, leaves out those that the loop has already (bytes and pixels, against earlier
 * admissions), refuses those that are unusable or overlap the evaluation set, and writes `admissions/<sequence>.json`
 * once. A retry reads it.
 * @param batch.sequence counted from 1, without gaps: batches are admitted one after another.
 * @throws FolderConflictError when an earlier admission, the manifest or a file of the inbox is missing or changed;
 *   FolderMissingError; DiskFullError; PathOutsideError for a manifest outside the loop's folder.
 */
export async function admitBatch(
  ctx: CollectContext,
  batch: { sequence: number; manifest: FileRef },
): Promise<AdmitResult> {
  await ctx.folder.mustExist();
  const done = await readAdmissionOf(ctx.folder, batch);
  if (done) return resultOf(done, ctx.classes);
  const admission = await judge(ctx, batch);
  await writeAdmission(ctx.folder, admission);
  return resultOf(admission, ctx.classes);
}

async function judge(ctx: CollectContext, batch: { sequence: number; manifest: FileRef }): Promise<Admission> {
  const { images } = await readBatch(ctx.folder, batch.manifest);
  const earlier = await readAdmissions(ctx.folder, batch.sequence - 1);
  const known = new Known(
    [...(await readSeed(ctx.folder)), ...earlier.flatMap((admission) => admission.images)],
    await readEvaluationSet(ctx.folder),
  );
  const refused: Finding[] = [];
  const accepted: AdmittedImage[] = [];
  let duplicates = 0;
  for (const opened of await openAll(ctx, images)) {
    const problem =
      'image' in opened ? (wrongClass(opened.image, ctx.classes) ?? known.admit(opened.image)) : opened.finding;
    if (problem === undefined && 'image' in opened) accepted.push(admitted(opened.image));
    else if (problem && DUPLICATES.includes(problem.code)) duplicates += 1;
    else if (problem) refused.push(problem);
  }
  return { schemaVersion: 1, ...batch, images: accepted, duplicates, refused };
}

async function openAll(ctx: CollectContext, images: readonly BatchImage[]): Promise<Opened[]> {
  let done = 0;
  return mapAtOnce(images, AT_ONCE, async (image) => {
    ctx.signal?.throwIfAborted();
    const path = ctx.folder.resolve(`inbox/${image.file}`);
    const opened = await openEntry(
      { path, name: image.source, sha256: image.sha256, ...labelOf(image), ...groupOf(image) },
      ctx.quotas,
    );
    done += 1;
    ctx.heartbeat(`opened ${done} of ${images.length} images of a batch`);
    return mustBeThere(opened, image);
  });
}

/** The inbox is the loop's own: a file that is gone or changed there is damage, not a bad image. */
function mustBeThere(opened: Opened, image: BatchImage): Opened {
  const code = 'finding' in opened ? opened.finding.code : undefined;
  if (code !== 'image-unreadable' && code !== 'image-changed') return opened;
  throw new FolderConflictError(`inbox/${image.file}`, `is missing or changed; it was handed in as ${image.source}`);
}

function wrongClass(image: Candidate, classes: readonly string[]): Finding | undefined {
  const wrong = classesOf(image).find((name) => !classes.includes(name));
  return wrong === undefined ? undefined : unknownClass(image.name, wrong, classes);
}

function admitted(image: Candidate): AdmittedImage {
  const { sha256, pixelSha256, width, height, name } = image;
  const file = `${sha256}.${image.ext}`;
  return { sha256, pixelSha256, file, ...labelOf(image), width, height, ...groupOf(image), source: name };
}

function resultOf(admission: Admission, classes: readonly string[]): AdmitResult {
  const { images, duplicates, refused } = admission;
  return { accepted: countPerClass(images, classes), images: images.length, duplicates, refused };
}
