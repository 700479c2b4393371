import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { allEnded } from './all-ended.ts';
import type { Backbone } from './backbones/backbone.ts';
import { UndecodableImagesError } from './backbones/errors.ts';
import { transaction } from './store/database.ts';

const BATCH = 8;
/** Images under way at once: while some are inferred, the next are read and decoded. */
const IN_FLIGHT = 24;
/** More lanes than this do not help small batches any more. */
const MAX_LANES = 8;

/** Features of images, kept in SQLite by the image's SHA-256 and the backbone's hash: every image is embedded once. */
export class EmbeddingCache {
  readonly #db: DatabaseSync;
  readonly #select: StatementSync;
  readonly #insert: StatementSync;

  /** Makes its table in the database if it is not there. */
  constructor(db: DatabaseSync) {
    db.exec(
      'CREATE TABLE IF NOT EXISTS embeddings (image TEXT NOT NULL, backbone TEXT NOT NULL, feature BLOB NOT NULL, PRIMARY KEY (image, backbone))',
    );
    this.#db = db;
    this.#select = db.prepare(
      'SELECT image, feature FROM embeddings WHERE backbone = ? AND image IN (SELECT value FROM json_each(?))',
    );
    this.#insert = db.prepare('INSERT OR REPLACE INTO embeddings (image, backbone, feature) VALUES (?, ?, ?)');
  }

  /** The features that are known, by image hash. */
  getMany(images: readonly string[], backbone: string): Map<string, Float32Array> {
    const found = new Map<string, Float32Array>();
    for (const { image, feature } of this.#select.all(backbone, JSON.stringify(images))) {
      if (typeof image === 'string' && feature instanceof Uint8Array) found.set(image, featureOf(feature));
    }
    return found;
  }

  /** Keeps features by image hash. */
  putMany(features: ReadonlyMap<string, Float32Array>, backbone: string): void {
    transaction(this.#db, () => {
      for (const [image, feature] of features) {
        this.#insert.run(image, backbone, new Uint8Array(feature.buffer, feature.byteOffset, feature.byteLength));
      }
    });
  }
}

/** An image to embed: its identity, and a way to its bytes that is used only when its features are not known. */
export interface EmbeddableImage {
  sha256: string;
  read: () => Promise<Uint8Array>;
}

/** What `embedImages` takes. */
export interface EmbedRequest {
  backbone: Backbone;
  cache: EmbeddingCache;
  images: readonly EmbeddableImage[];
  /** Images a call of the backbone; 8 if not given. */
  batch?: number;
  signal?: AbortSignal;
  /** Called after every batch; both counts are images, doubles counted once. */
  onProgress?: (done: number, total: number) => void;
}

/** Images that cannot be decoded, by hash, each with the decoder's words. */
export class UndecodableError extends Error {
  override readonly name = 'UndecodableError';
  readonly problems: readonly { sha256: string; message: string }[];

  constructor(problems: readonly { sha256: string; message: string }[]) {
    const list = problems.map(({ sha256, message }) => `${sha256}: ${message}`).join('; ');
    super(`${problems.length} image(s) cannot be decoded: ${list}`);
    this.problems = problems;
  }
}

/**
 * Features of images in their order, computing only what the cache lacks. Batches overlap: while some are inferred, the
 * next are read and decoded. What was computed is in the cache even if a later image fails.
 *
 * @returns the features, and how many images were computed rather than found
 * @throws {UndecodableError} naming every image that cannot be decoded, after all others are embedded
 * @throws the signal's reason once it is aborted, and whatever `read` throws
 */
export async function embedImages(request: EmbedRequest): Promise<{ features: Float32Array[]; computed: number }> {
  const unique = new Map(request.images.map((image) => [image.sha256, image]));
  const known = request.cache.getMany([...unique.keys()], request.backbone.hash);
  const missing = [...unique.values()].filter((image) => !known.has(image.sha256));
  request.onProgress?.(known.size, unique.size);
  await computeMissing(request, { missing, known, total: unique.size });
  const features = request.images.map((image) => featureIn(known, image.sha256));
  return { features, computed: missing.length };
}

interface Work {
  missing: readonly EmbeddableImage[];
  known: Map<string, Float32Array>;
  total: number;
}

async function computeMissing(request: EmbedRequest, work: Work): Promise<void> {
  const { batch: size = BATCH } = request;
  const batches = chunksOf(work.missing, size);
  const problems: { sha256: string; message: string }[] = [];
  const lane = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      problems.push(...(await embedBatch(request, batch, work)));
      request.onProgress?.(work.known.size, work.total);
    }
  };
  const lanes = Math.min(MAX_LANES, Math.ceil(IN_FLIGHT / size));
  await allOrFirstError(Array.from({ length: lanes }, lane), () => batches.splice(0));
  if (problems.length > 0) throw new UndecodableError(inOrderOf(work.missing, problems));
}

/** Batches end in any order; an error must read the same every time. */
function inOrderOf<T extends { sha256: string }>(images: readonly EmbeddableImage[], problems: readonly T[]): T[] {
  const bySha = new Map(problems.map((problem) => [problem.sha256, problem]));
  return images.flatMap(({ sha256 }) => bySha.get(sha256) ?? []);
}

/** Waits for every lane to end; the others are told to stop when one fails. */
async function allOrFirstError(lanes: Promise<void>[], stop: () => void): Promise<void> {
  await allEnded(
    lanes.map((lane) =>
      lane.catch((error: unknown) => {
        stop();
        throw error;
      }),
    ),
  );
}

async function embedBatch(request: EmbedRequest, batch: readonly EmbeddableImage[], work: Work) {
  request.signal?.throwIfAborted();
  const bytes = await Promise.all(batch.map((image) => image.read()));
  const { features, problems } = await embedDecodable(request, bytes);
  const fresh = new Map<string, Float32Array>();
  for (const [position, feature] of features) {
    const image = batch[position];
    if (image !== undefined) fresh.set(image.sha256, feature);
  }
  request.cache.putMany(fresh, request.backbone.hash);
  for (const [sha256, feature] of fresh) work.known.set(sha256, feature);
  return problems.map(({ position, message }) => ({ sha256: batch[position]?.sha256 ?? '', message }));
}

/** Embeds what can be decoded, by position; images that cannot are reported instead of failing their batch. */
async function embedDecodable(request: EmbedRequest, bytes: readonly Uint8Array[]) {
  const options = request.signal === undefined ? {} : { signal: request.signal };
  try {
    const features = await request.backbone.embed(bytes, options);
    return { features: new Map(features.entries()), problems: [] };
  } catch (error) {
    if (!(error instanceof UndecodableImagesError)) throw error;
    const bad = new Set(error.problems.map((problem) => problem.position));
    const good = [...bytes.keys()].filter((position) => !bad.has(position));
    const features = await request.backbone.embed(
      good.flatMap((position) => bytes[position] ?? []),
      options,
    );
    return { features: new Map(features.map((feature, i) => [good[i] ?? i, feature])), problems: error.problems };
  }
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function featureIn(known: ReadonlyMap<string, Float32Array>, sha256: string): Float32Array {
  const feature = known.get(sha256);
  if (feature === undefined) throw new Error(`No features were computed for image ${sha256}`);
  return feature;
}

/** A copy, because SQLite's bytes need not be aligned to four. */
function featureOf(blob: Uint8Array): Float32Array {
  return new Float32Array(blob.slice().buffer);
}
