import { checkTrainingSet } from '../data/checks.ts';
import { mapAtOnce } from '../data/concurrency.ts';
import { DataError, systemCode } from '../data/errors.ts';
import { readEvaluationSet } from '../data/evaluation-set.ts';
import { sha256OfFile } from '../data/hash.ts';
import type { LoopFolder } from '../data/loop-folder.ts';
import { plural, whole } from '../decide/format.ts';
import { classesOf } from '../loop/labels.ts';
import { modelKindOf } from '../loop/model-kind.ts';
import type { FileRef, StoredImage } from '../loop/round.ts';
import type { Capabilities } from '../vision/capabilities.ts';
import type { Vital } from './alive.ts';
import { type LoopFiles, readDraws } from './loop-files.ts';
import { trainingQuotas } from './quotas.ts';

/** Problems told one by one; the message has to fit a screen. */
const SHOWN = 10;
const AT_ONCE = 4;

/** What looking at a dataset came to. */
export interface Examined {
  sound: boolean;
  /** Every problem found, or what was looked at and is as it should be; sentences. */
  words: string;
}

/** The address of a COCO file as the service was given it, and what this worker finds there. */
export async function probeAnnotations(folder: LoopFolder, ref: FileRef): Promise<Examined> {
  try {
    const bytes = await folder.read(ref);
    return {
      sound: true,
      words: `The worker itself reads ${ref.uri}: ${whole(bytes.length)} bytes, as they were written.`,
    };
  } catch (error) {
    return { sound: false, words: `The worker cannot use ${ref.uri} either: ${whyUnread(error)}.` };
  }
}

/**
 * Looks at a round's data after the service could not use them: access to the annotation file, every image's bytes, and the
 * dataset checks once more.
 */
export async function examineTrainingSet(
  files: LoopFiles,
  { round, file, capabilities }: { round: number; file?: FileRef | undefined; capabilities: Capabilities },
  vital: Pick<Vital, 'beat' | 'signal'>,
): Promise<Examined> {
  const { folder, spec } = files;
  const images = (await readDraws(folder, round)).flatMap((draw) => draw.images);
  const classes = [...new Set(spec.classes ?? images.flatMap(classesOf))].sort();
  const quotas = trainingQuotas(capabilities, modelKindOf(spec));
  const { findings } = checkTrainingSet({ images, classes, evaluation: await readEvaluationSet(folder), quotas });
  const errors = findings
    .filter(({ severity }) => severity === 'error')
    .map(({ where, message }) => `${where}: ${message}`);
  const changed = await changedImages(folder, { store: 'images', images }, vital);
  return examined({
    access: file && (await probeAnnotations(folder, file)),
    problems: [...errors, ...changed],
    images: images.length,
  });
}

/** The same for the evaluation set, whose bytes are checked before every evaluation anyway. */
export async function examineEvaluationSet(
  { folder }: Pick<LoopFiles, 'folder'>,
  vital: Pick<Vital, 'beat' | 'signal'>,
): Promise<Examined> {
  const images = await readEvaluationSet(folder);
  const problems = await changedImages(folder, { store: 'evaluation/images', images }, vital);
  const access = await probeAnnotations(folder, await folder.refTo('evaluation/coco.json'));
  return examined({ access, problems, images: images.length });
}

function examined(looked: { access: Examined | undefined; problems: readonly string[]; images: number }): Examined {
  const { access, problems, images } = looked;
  const rest = problems.length - SHOWN;
  const listed = [...problems.slice(0, SHOWN), ...(rest > 0 ? [`and ${whole(rest)} more`] : [])].join('; ');
  const words =
    problems.length > 0
      ? `${plural(problems.length, 'problem')} found: ${listed}.`
      : `The dataset checks find no error, and ${plural(images, 'image')} hold the bytes they were taken in with.`;
  return {
    sound: problems.length === 0 && access?.sound !== false,
    words: access === undefined ? words : `${access.words} ${words}`,
  };
}

async function changedImages(
  folder: LoopFolder,
  { store, images }: { store: string; images: readonly StoredImage[] },
  { beat, signal }: Pick<Vital, 'beat' | 'signal'>,
): Promise<string[]> {
  let done = 0;
  const problems = await mapAtOnce(images, AT_ONCE, async ({ file, sha256 }) => {
    signal.throwIfAborted();
    const name = `${store}/${file}`;
    const problem = await problemOf(folder.resolve(name), sha256);
    done += 1;
    beat(`looked at ${done} of ${images.length} images`);
    return problem === null ? [] : [`${name} ${problem}`];
  });
  return problems.flat();
}

async function problemOf(path: string, sha256: string): Promise<string | null> {
  try {
    return (await sha256OfFile(path)) === sha256 ? null : 'does not hold the bytes it was taken in with';
  } catch (error) {
    return `cannot be read (${whyUnread(error)})`;
  }
}

function whyUnread(error: unknown): string {
  if (error instanceof DataError) return error.message;
  const code = systemCode(error);
  if (code === undefined) throw error;
  return code;
}
