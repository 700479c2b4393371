import { createHash } from 'node:crypto';
import { CONTRACT_QUOTAS } from '../../vision/capabilities.ts';
import type { BoxedDataset, BoxedImage, Purpose } from '../data-access/dataset.ts';
import { readSource } from '../data-access/source.ts';
import type { Sight } from '../detection/detector.ts';
import { type PictureSight, sightOf, UndecodablePicture } from '../detection/picture-sight.ts';
import type { DetectionEngine } from './engine.ts';
import { datasetFailure } from './failure.ts';
import { type ReadImage, readPart } from './read-images.ts';

/** Images held in memory at once while they are looked at for the first time. */
const PART = 32;
/** Bytes of images that stay in memory for a second look; others are read again. */
const MOST_KEPT = 256 * 1024 * 1024;
const { maxImageBytes } = CONTRACT_QUOTAS['Generic-Detector'];

/** How far the first look at a dataset is. */
export interface LookProgress {
  done: number;
  total: number;
  /** Images whose maps were not in the cache. */
  computed: number;
  /** Compute milliseconds so far. */
  computeMs: number;
}

/** The pictures of a dataset, in its order. */
export interface BoxPictures {
  sights: Sight[];
  hashes: string[];
  computed: number;
  computeMs: number;
  /** Milliseconds spent since then on reading images again, which is no compute time. */
  waitedMs: () => number;
}

/**
 * Reads every image once, checks it, and makes its feature maps if they are not known. After the first problem nothing more is
 * made, but all images are still read, so that one pass names every offender.
 *
 * @throws {TaskFailure} `datasetCorrupt` naming every image that cannot be read, is too large, or is no image
 */
export async function openPictures(
  engine: DetectionEngine,
  dataset: BoxedDataset,
  {
    purpose,
    watch,
  }: { purpose: Purpose; watch: { signal: AbortSignal; onProgress?: (progress: LookProgress) => void } },
): Promise<BoxPictures> {
  const shelf = new Shelf(engine, dataset, watch.signal);
  const reading = { purpose, signal: watch.signal, credential: dataset.credential, asDeclared: true };
  const result: BoxPictures = { sights: [], hashes: [], computed: 0, computeMs: 0, waitedMs: () => shelf.waitedMs };
  const problems: string[] = [];
  for (let start = 0; start < dataset.images.length; start += PART) {
    watch.signal.throwIfAborted();
    const part = await readPart(engine, dataset.images.slice(start, start + PART), reading);
    problems.push(...part.problems);
    for (const [i, image] of problems.length > 0 ? [] : part.images.entries()) {
      const defect = await firstLook(image, { result, sight: shelf.sight(image, start + i) });
      if (defect !== undefined) problems.push(defect);
    }
    watch.onProgress?.({ done: result.sights.length, total: dataset.images.length, ...result });
  }
  if (problems.length > 0) throw datasetFailure('datasetCorrupt', dataset.name, problems);
  return result;
}

async function firstLook(
  image: ReadImage,
  { result, sight }: { result: BoxPictures; sight: PictureSight },
): Promise<string | undefined> {
  const begun = performance.now();
  const known = sight.isKnown();
  try {
    await sight.maps();
  } catch (error) {
    if (error instanceof UndecodablePicture) return `${image.where} cannot be decoded (${error.message})`;
    throw error;
  } finally {
    result.computeMs += performance.now() - begun;
  }
  if (!known) result.computed += 1;
  result.sights.push(sight);
  result.hashes.push(image.sha256);
  return undefined;
}

/** Keeps the bytes of images as far as the memory allows, and reads the others again. */
class Shelf {
  readonly #engine: DetectionEngine;
  readonly #dataset: BoxedDataset;
  readonly #signal: AbortSignal;
  #room = MOST_KEPT;
  waitedMs = 0;

  constructor(engine: DetectionEngine, dataset: BoxedDataset, signal: AbortSignal) {
    this.#engine = engine;
    this.#dataset = dataset;
    this.#signal = signal;
  }

  sight({ sha256, bytes }: ReadImage, position: number): PictureSight {
    const kept = bytes.length <= this.#room ? bytes : undefined;
    if (kept !== undefined) this.#room -= bytes.length;
    const image = this.#dataset.images[position];
    const read = kept === undefined ? () => this.#again(image, sha256) : () => Promise.resolve(kept);
    return sightOf({ sha256, read }, this.#engine, this.#signal);
  }

  async #again(image: BoxedImage | undefined, sha256: string): Promise<Uint8Array> {
    const begun = performance.now();
    try {
      const { credential, name } = this.#dataset;
      const options = { maxBytes: maxImageBytes, signal: this.#signal, credential };
      const bytes = await readSource(image?.uri ?? '', this.#engine.access, options);
      if (createHash('sha256').update(bytes).digest('hex') === sha256) return bytes;
      throw datasetFailure('datasetCorrupt', name, [`${image?.where} has changed since it was read first`]);
    } finally {
      this.waitedMs += performance.now() - begun;
    }
  }
}
