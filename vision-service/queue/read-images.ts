import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { CONTRACT_QUOTAS } from '../../vision/capabilities.ts';
import { allEnded } from '../all-ended.ts';
import type { Credential } from '../data-access/credentials.ts';
import type { DatasetImage, Purpose } from '../data-access/dataset.ts';
import { SourceError } from '../data-access/errors.ts';
import { type ImageProblem, imageProblem } from '../data-access/image-facts.ts';
import { readSource } from '../data-access/source.ts';
import type { Engine } from './engine.ts';

/** Limits of a single image; the same for every model kind. */
const LIMITS = CONTRACT_QUOTAS['Generic-Classifier'];
const CONCURRENT_READS = 8;

/** An image whose bytes are in memory, with its upright size in pixels. */
export interface ReadImage {
  sha256: string;
  width: number;
  height: number;
  bytes: Uint8Array;
  where: string;
}

/** How images of a dataset are read. */
interface ImageReading {
  purpose: Purpose;
  credential: Credential | undefined;
  signal: AbortSignal;
  /** Whether an image must have the size that its entry declares. */
  asDeclared: boolean;
}

/** Reads images side by side: those that can be used, in their order, and one sentence for each of the others. */
export async function readPart(
  engine: Engine,
  images: readonly DatasetImage[],
  reading: ImageReading,
): Promise<{ images: ReadImage[]; problems: string[] }> {
  const limit = pLimit(CONCURRENT_READS);
  const results = await allEnded(images.map((image) => limit(() => readImage(engine, image, reading))));
  return {
    images: results.filter((result) => typeof result !== 'string'),
    problems: results.filter((result) => typeof result === 'string'),
  };
}

/** The image, or one sentence saying why it cannot be used. */
async function readImage(
  engine: Engine,
  image: DatasetImage,
  { purpose, asDeclared, ...reading }: ImageReading,
): Promise<ReadImage | string> {
  reading.signal.throwIfAborted();
  try {
    const bytes = await readSource(image.uri, engine.access, { maxBytes: LIMITS.maxImageBytes, ...reading });
    const side = purpose === 'training' ? LIMITS.trainSide : LIMITS.evaluationSide;
    const checked = await checkImage(engine, bytes, side);
    if ('problem' in checked) return `${image.where} ${checked.problem}`;
    const defect = asDeclared ? declaredDefect(image, checked) : undefined;
    return defect ?? { ...checked, bytes, where: image.where };
  } catch (error) {
    if (error instanceof SourceError) return `${image.where}: ${error.message}`;
    throw error;
  }
}

/** Shares of a box mean something else on an image of another shape. Sides may be swapped: many tools ignore how a photo is turned. */
function declaredDefect(
  { where, declared }: DatasetImage,
  real: { width: number; height: number },
): string | undefined {
  const fits = (width: number, height: number) =>
    Math.abs(declared.width - width) < 1 && Math.abs(declared.height - height) < 1;
  if (fits(real.width, real.height) || fits(real.height, real.width)) return undefined;
  return `${where} is declared as ${declared.width}×${declared.height} px, but is ${real.width}×${real.height} px`;
}

/** Hash and size of an image's bytes, or what is wrong with them. */
export async function checkImage(
  engine: Engine,
  bytes: Uint8Array,
  side: { min: number; max: number },
): Promise<{ sha256: string; width: number; height: number } | ImageProblem> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const facts = await engine.facts.of(sha256, bytes);
  if ('problem' in facts) return facts;
  return imageProblem(facts, side) ?? { sha256, width: facts.width, height: facts.height };
}
