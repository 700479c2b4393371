import type { LabelledDataset, Purpose } from '../data-access/dataset.ts';
import { embedImages, UndecodableError } from '../embeddings.ts';
import type { Engine } from './engine.ts';
import { datasetFailure } from './failure.ts';
import { type ReadImage, readPart } from './read-images.ts';

/** Images held in memory at once: one part is embedded while the next is read. */
const PART = 128;

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
  const reading = { purpose, signal: watch.signal, credential: dataset.credential, asDeclared: false };
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
