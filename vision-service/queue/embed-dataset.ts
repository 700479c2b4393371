import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { CONTRACT_QUOTAS } from '../../vision/capabilities.ts';
import type { Backbone } from '../backbones/backbone.ts';

import type { Credential } from '../data-access/credentials.ts';
import type { DatasetImage, LabelledDataset, Purpose } from '../data-access/dataset.ts';
import { SourceError } from '../data-access/errors.ts';
import { type ImageFactsCache, type ImageProblem, imageProblem } from '../data-access/image-facts.ts';
import { type AccessRules, readSource } from '../data-access/source.ts';
import { type EmbeddingCache, embedImages, UndecodableError } from '../embeddings.ts';
import { datasetFailure } from './failure.ts';

/** Limits of a single image; the same for every model kind. */
const LIMITS = CONTRACT_QUOTAS['Generic-Classifier'];
/** Images held in memory at once: one part is embedded while the next is read. */
const PART = 128;
const CONCURRENT_READS = 8;

/** What a compute thread has at hand. */
export interface Engine {
  backbone: Backbone;
  cache: EmbeddingCache;
  facts: ImageFactsCache;
  access: AccessRules;
}

/** How a task is stopped and how it tells where it is. */
export interface Watch {
  signal: AbortSignal;
  /** Images read and embedded so far, of all, and how many of them were computed. */
  onProgress?: (progress: EmbedProgress) => void;
}

/** How far the embedding of a dataset is. */
export interface EmbedProgress {
  done: number;
  total: number;
  computed: number;
  /** Milliseconds spent on embedding so far. */
  computeMs: number;
}

/** Features of a dataset's images in their order, their content hashes, and what that took. */
export interface EmbeddedDataset {
  features: Float32Array[];
  hashes: string[];
  /** Images that were not in the cache. */
  computed: number;
  computeMs: number;
}

/** An image whose bytes are in memory. */
interface ReadImage {
  sha256: string;
  bytes: Uint8Array;
  where: string;
}

/**
 * Reads every image once, checks it, and embeds those whose features are not known. After the first problem nothing
 * more is embedded, but all images are still read, so that one pass names every offender.
 *
 * @throws {TaskFailure} `datasetCorrupt` naming every image that cannot be read, is too large, or is no image
 */
export async function embedDataset(
  engine: Engine,
  dataset: LabelledDataset,
  { purpose, watch }: { purpose: Purpose; watch: Watch },
): Promise<EmbeddedDataset> {
  const result: EmbeddedDataset = { features: [], hashes: [], computed: 0, computeMs: 0 };
  const problems: string[] = [];
  const reading = { purpose, watch, credential: dataset.credential };
  const read = (start: number) => readPart(engine, dataset.images.slice(start, start + PART), reading);
  let next = read(0);
  try {
    for (let start = 0; start < dataset.images.length; start += PART) {
      const part = await next;
      watch.signal.throwIfAborted();
      next = read(start + PART);
      // Awaited in the next pass; a failure before that must not count as unhandled.
      next.catch(() => undefined);
      problems.push(...part.problems);
      if (problems.length === 0) problems.push(...(await embedPart(engine, part.images, { result, watch })));
      watch.onProgress?.({ done: result.features.length, total: dataset.images.length, ...result });
    }
  } finally {
    // Nothing goes on reading behind the caller's back; its failure has been told, or does not matter any more.
    await next.catch(() => undefined);
  }
  if (problems.length > 0) throw datasetFailure('datasetCorrupt', dataset.name, problems);
  return result;
}

async function embedPart(
  engine: Engine,
  images: readonly ReadImage[],
  { result, watch }: { result: EmbeddedDataset; watch: Watch },
): Promise<string[]> {
  const begun = performance.now();
  try {
    const { features, computed } = await embedImages({
      backbone: engine.backbone,
      cache: engine.cache,
      images: images.map(({ sha256, bytes }) => ({ sha256, read: () => Promise.resolve(bytes) })),
      signal: watch.signal,
    });
    result.features.push(...features);
    result.hashes.push(...images.map(({ sha256 }) => sha256));
    result.computed += computed;
    return [];
  } catch (error) {
    if (!(error instanceof UndecodableError)) throw error;
    const messages = new Map(error.problems.map((problem) => [problem.sha256, problem.message]));
    return images
      .filter(({ sha256 }) => messages.has(sha256))
      .map(({ sha256, where }) => `${where} cannot be decoded (${messages.get(sha256)})`);
  } finally {
    result.computeMs += performance.now() - begun;
  }
}

async function readPart(
  engine: Engine,
  images: readonly DatasetImage[],
  { purpose, watch, credential }: { purpose: Purpose; watch: Watch; credential: Credential | undefined },
): Promise<{ images: ReadImage[]; problems: string[] }> {
  const limit = pLimit(CONCURRENT_READS);
  const settled = await Promise.allSettled(
    images.map((image) => limit(() => readImage(engine, image, { purpose, credential, signal: watch.signal }))),
  );
  const failed = settled.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const results = settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  return {
    images: results.filter((result) => typeof result !== 'string'),
    problems: results.filter((result) => typeof result === 'string'),
  };
}

/** The image, or one sentence saying why it cannot be used. */
async function readImage(
  engine: Engine,
  image: DatasetImage,
  { purpose, ...reading }: { purpose: Purpose; credential: Credential | undefined; signal: AbortSignal },
): Promise<ReadImage | string> {
  reading.signal.throwIfAborted();
  try {
    const bytes = await readSource(image.uri, engine.access, { maxBytes: LIMITS.maxImageBytes, ...reading });
    const side = purpose === 'training' ? LIMITS.trainSide : LIMITS.evaluationSide;
    const checked = await checkImage(engine, bytes, side);
    return 'problem' in checked ? `${image.where} ${checked.problem}` : { ...checked, bytes, where: image.where };
  } catch (error) {
    if (error instanceof SourceError) return `${image.where}: ${error.message}`;
    throw error;
  }
}

/** Hash and size of an image's bytes, or what is wrong with them. */
export async function checkImage(
  engine: Engine,
  bytes: Uint8Array,
  side: { min: number; max: number },
): Promise<{ sha256: string; width: number; height: number } | ImageProblem> {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const facts = await engine.facts.of(sha256, bytes);
  if (facts === undefined) return { code: 'InvalidImageFormat', problem: 'is not an image of a type that is read' };
  return imageProblem(facts, side) ?? { sha256, width: facts.width, height: facts.height };
}
