import { readDrawsSoFar } from '../collect/draw-file.ts';
import { writeSeed } from '../collect/seed.ts';
import { unknownClass } from '../data/class-names.ts';
import { ChecksFailedError, SourceUnreadableError } from '../data/errors.ts';
import { discardEvaluationSet, readEvaluationSet } from '../data/evaluation-set.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import { checkOverlap, evaluationSide } from '../data/overlap-checks.ts';
import { countPerClass } from '../data/set-checks.ts';
import type { Finding } from '../loop/finding.ts';
import { classesOf } from '../loop/labels.ts';
import type { ClassCounts, StoredImage } from '../loop/round.ts';
import type { Vital } from './alive.ts';
import type { ActivityDeps } from './deps.ts';
import type { LoopFiles } from './loop-files.ts';

/**
 * Takes over every image of the loop that this one was started from, before anything is spent: checked against the new evaluation
 * set, stored as links. Null for a loop that was started from none.
 * @param classes those of the new loop where they are known already
 * @returns images per class
 * @throws ChecksFailedError naming every image that stands in the evaluation set or shows an unknown class, and then nothing is frozen;
 *   SourceUnreadableError when the other loop's folder is gone.
 */
export async function takeOver(
  deps: ActivityDeps,
  { folder, from }: LoopFiles,
  { classes, vital }: { classes: readonly string[] | undefined; vital: Vital },
): Promise<ClassCounts | null> {
  if (from === undefined) return null;
  const origin = LoopFolder.at(deps.home, from.loop);
  if (!(await origin.exists())) throw new SourceUnreadableError(origin.path, 'does not exist any more');
  const images = (await readDrawsSoFar(origin)).flatMap((draw) => draw.images);
  const findings = await problemsOf(folder, { images, classes, loop: from.loop });
  if (findings.length > 0) {
    await discardEvaluationSet(folder);
    throw new ChecksFailedError(findings);
  }
  for (const [at, { file, sha256 }] of images.entries()) {
    vital.signal.throwIfAborted();
    await folder.storeImage(origin.resolve(`images/${file}`), { sha256, ext: file.slice(file.lastIndexOf('.') + 1) });
    vital.beat(`took over ${at + 1} of ${images.length} images of loop ${from.loop}`);
  }
  await writeSeed(folder, { schemaVersion: 1, from, images });
  return countPerClass(images, []);
}

async function problemsOf(
  folder: LoopFolder,
  { images, classes, loop }: { images: readonly StoredImage[]; classes: readonly string[] | undefined; loop: string },
): Promise<Finding[]> {
  const named = images.map((image) => ({ ...image, name: `images/${image.file} of loop ${loop}` }));
  const evaluation = await readEvaluationSet(folder);
  const strangers = named.flatMap((image) => {
    const wrong = classes && classesOf(image).find((name) => !classes.includes(name));
    return wrong === undefined || classes === undefined ? [] : [unknownClass(image.name, wrong, classes)];
  });
  return [...checkOverlap(named, evaluation.map(evaluationSide)), ...strangers];
}
