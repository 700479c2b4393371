import type { EvaluationImage } from '../data/evaluation-set.ts';
import { pictureWithBoxes, thumbnail } from '../data/thumbnail.ts';
import { matchImage } from '../loop/detection-metric.ts';
import { DetectionsFileSchema, type FoundObject, VerdictsFileSchema } from '../loop/files.ts';
import { classesOf, type LabelledBox, labelWords } from '../loop/labels.ts';
import type { Task } from '../loop/metrics.ts';
import type { Recommendation } from '../loop/outcome.ts';
import type { RoundDraw, StoredImage } from '../loop/round.ts';
import type { Thumbnail } from '../report/report-data.ts';
import { SURE_ENOUGH } from '../report/sections.ts';
import { type LoopFiles, roundFile } from './loop-files.ts';
import { attemptOf } from './training.ts';

/** Pictures shown: enough to see what came in, few enough for a page that is mailed. */
const DRAWN_PER_CLASS = 2;
const DRAWN_PER_ROUND = 24;
const MISTAKES = 24;
/** Pictures with boxes are larger. */
const BOXED = 9;
/** Overlap from which a box counts as found, as in mAP50. */
const OVERLAP = 0.5;
const TRUE_COLOR = '#1a7f37';
const FOUND_COLOR = '#e8590c';

type Folder = LoopFiles['folder'];

/** Some pictures of what a round drew, a few of every class. */
export async function drawnPictures(folder: Folder, { images }: RoundDraw): Promise<Thumbnail[]> {
  const perClass = Object.values(Object.groupBy(images, (image) => classesOf(image)[0] ?? '')).map(
    (group) => group?.slice(0, DRAWN_PER_CLASS) ?? [],
  );
  return made(perClass.flat().slice(0, DRAWN_PER_ROUND), async (image) => ({
    src: await thumbnail(folder.resolve(`images/${image.file}`)),
    caption: '',
  }));
}

/** Evaluation images that a model got wrong; for a detector what it found and missed, the most misses first. */
export async function mistakesOf(
  { folder, task }: { folder: Folder; task: Task },
  recommended: Recommendation,
  set: readonly EvaluationImage[],
): Promise<Thumbnail[]> {
  return task === 'detection' ? missesOf(folder, recommended, set) : wrongOf(folder, recommended, set);
}

async function wrongOf(
  folder: Folder,
  { round, model }: Recommendation,
  set: readonly EvaluationImage[],
): Promise<Thumbnail[]> {
  const file = await folder.readRecord(roundFile(round, `verdicts-${attemptOf(model)}`), VerdictsFileSchema);
  if (!file) return [];
  const tops = new Map(file.predictions.map(({ image, top }) => [image, top[0]]));
  const wrong = set.filter((_, i) => file.accuracyTop1[i] === '0').slice(0, MISTAKES);
  return made(wrong, async (image) => {
    const [name, confidence] = tops.get(image.sha256) ?? ['nothing', 0];
    return {
      src: await thumbnail(folder.resolve(`evaluation/images/${image.file}`)),
      caption: `predicted ${name} (${confidence.toFixed(2)})`,
    };
  });
}

async function missesOf(
  folder: Folder,
  { round, model }: Recommendation,
  set: readonly EvaluationImage[],
): Promise<Thumbnail[]> {
  const file = await folder.readRecord(roundFile(round, `detections-${attemptOf(model)}`), DetectionsFileSchema);
  if (!file) return [];
  const seen = set.flatMap((image, at) => {
    const found = file.images[at]?.found;
    return found
      ? [
          {
            ...image,
            ...outcomeOf(
              image.boxes ?? [],
              found.filter(([, sure]) => sure >= SURE_ENOUGH),
            ),
          },
        ]
      : [];
  });
  const worst = seen.sort((a, b) => b.missed.length - a.missed.length || b.wrong - a.wrong).slice(0, BOXED);
  return made(worst, async (image) => ({
    src: await pictureWithBoxes(folder.resolve(`evaluation/images/${image.file}`), [
      { boxes: (image.boxes ?? []).map(({ box }) => box), color: TRUE_COLOR, dashed: true },
      { boxes: image.found.map(([, , ...box]) => box), color: FOUND_COLOR, dashed: false },
    ]),
    caption: captionOf(image),
  }));
}

interface Outcome {
  found: FoundObject[];
  /** Classes of the true boxes that no found box hit, one entry a box. */
  missed: string[];
  /** Found boxes that hit no true box of their class. */
  wrong: number;
}

function outcomeOf(truths: readonly LabelledBox[], found: FoundObject[]): Outcome {
  const matches = matchImage(
    found.map(([label, score, ...box]) => ({ label, score, box })),
    truths.map(({ className, box }) => ({ label: className, box })),
    OVERLAP,
  );
  const hits = Map.groupBy(
    matches.found.filter(({ right }) => right),
    ({ label }) => label,
  );
  const missed = [...matches.trueBoxes].flatMap(([label, count]) =>
    Array.from({ length: count - (hits.get(label)?.length ?? 0) }, () => String(label)),
  );
  return { found, missed, wrong: matches.found.filter(({ right }) => !right).length };
}

function captionOf({ boxes = [], missed, wrong }: Outcome & { boxes?: LabelledBox[] }): string {
  const parts = [`found ${boxes.length - missed.length} of ${boxes.length}`];
  if (missed.length > 0) parts.push(`missed ${counted(missed)}`);
  if (wrong > 0) parts.push(`${wrong} wrong`);
  return parts.join('; ');
}

/** `face ×2, food`. */
function counted(names: readonly string[]): string {
  const groups = Map.groupBy(names, (name) => name);
  return [...groups].map(([name, all]) => (all.length > 1 ? `${name} ×${all.length}` : name)).join(', ');
}

/** Pictures of the images that can still be read. */
async function made<T extends StoredImage>(
  images: readonly T[],
  show: (image: T) => Promise<{ src: string | null; caption: string }>,
): Promise<Thumbnail[]> {
  const shown = await Promise.all(images.map(async (image) => ({ image, ...(await show(image)) })));
  return shown.flatMap(({ image, src, caption }) => (src ? [{ src, className: labelWords(image), caption }] : []));
}
