import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { sha256Of } from '../data/hash.ts';
import type { Backbone } from '../vision-service/backbones/backbone.ts';
import { EFFICIENTNET_LITE0, loadBackbone } from '../vision-service/backbones/load-backbone.ts';
import { type EmbeddableImage, EmbeddingCache, embedImages } from '../vision-service/embeddings.ts';
import type { Ground } from './ground.ts';
import { makePhotos } from './photos.ts';
import { type PythonPeers, withPythonPeers } from './python.ts';
import { median, type Row } from './table.ts';

const THREADS = 2;
const IMAGES = 400;
/** Node and Python take turns, so that a busy moment of the machine does not fall on one of them. */
const ROUNDS = 3;
const PACKAGES = ['numpy==2.4.6', 'onnxruntime==1.32.0', 'pillow==13.0.0'];
const SIDE_PNG = 64;

interface Case {
  kind: 'JPEG' | 'PNG';
  batch: number;
  files: string[];
  images: EmbeddableImage[];
  /** Promised share of Python's throughput. */
  target: number;
  /** Seconds of every round. */
  ours: number[];
  theirs: number[];
}

/** Images per second from file bytes to features, beside a plain Python loop on the same images with as many threads. */
export async function measureEmbedding(ground: Ground): Promise<Row[]> {
  ground.say(
    `Embedding: ${IMAGES} photos and ${IMAGES} small drawings, by the service's pipeline and by a Python loop`,
  );
  const what = 'embedding beside Pillow and onnxruntime';
  return withPythonPeers({ what, say: ground.say, packages: PACKAGES }, async (peers) => {
    const cases = await makeCases(peers.folder);
    const backbone = await loadBackbone('efficientnet-lite0', { threads: THREADS });
    try {
      const parities = new Map<string, number[]>();
      for (let round = 0; round < ROUNDS; round += 1) {
        const theirs = await runPython(peers, cases);
        for (const one of cases) {
          const features = await runOurs(backbone, one);
          parities.set(one.kind, cosines(features, theirs.get(one) ?? new Float32Array()));
        }
      }
      return [...cases.map(rowOf), ...[...parities].map(([kind, values]) => parityRow(kind, values))];
    } finally {
      await backbone.close();
    }
  });
}

async function makeCases(folder: string): Promise<Case[]> {
  const photos = await makePhotos();
  const kinds = [
    { kind: 'JPEG' as const, make: (i: number) => photos.jpeg(i) },
    { kind: 'PNG' as const, make: (i: number) => photos.png(i, SIDE_PNG) },
  ];
  const cases: Case[] = [];
  for (const { kind, make } of kinds) {
    const files: string[] = [];
    const images: EmbeddableImage[] = [];
    for (let i = 0; i < IMAGES; i += 1) {
      const bytes = await make(i);
      const file = join(folder, `${i}.${kind.toLowerCase()}`);
      await writeFile(file, bytes);
      files.push(file);
      images.push({ sha256: sha256Of(bytes), read: () => Promise.resolve(bytes) });
    }
    for (const batch of [1, 8]) {
      cases.push({
        kind,
        batch,
        files,
        images,
        target: kind === 'JPEG' && batch === 8 ? 1 : 0.9,
        ours: [],
        theirs: [],
      });
    }
  }
  return cases;
}

const AnswerSchema = z.object({ seconds: z.array(z.number()) });

async function runPython(peers: PythonPeers, cases: readonly Case[]): Promise<Map<Case, Float32Array>> {
  const outputs = cases.map((_, i) => join(peers.folder, `features-${i}`));
  const task = {
    model: EFFICIENTNET_LITE0,
    threads: THREADS,
    cases: cases.map(({ files, batch }, i) => ({ files, batch, features: outputs[i] })),
  };
  const { seconds } = AnswerSchema.parse(await peers.run('embedding.py', task));
  const features = new Map<Case, Float32Array>();
  for (const [i, one] of cases.entries()) {
    one.theirs.push(seconds[i] ?? Number.NaN);
    const bytes = await readFile(outputs[i] ?? '');
    features.set(one, new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4));
  }
  return features;
}

async function runOurs(backbone: Backbone, { images, batch, ours }: Case): Promise<Float32Array[]> {
  const embed = (some: readonly EmbeddableImage[]) =>
    embedImages({ backbone, images: some, batch, cache: new EmbeddingCache(new DatabaseSync(':memory:')) });
  await embed(images.slice(0, 2 * batch * THREADS));
  const begun = performance.now();
  const { features } = await embed(images);
  ours.push((performance.now() - begun) / 1000);
  return features;
}

function cosines(features: readonly Float32Array[], others: Float32Array): number[] {
  return features.map((feature, i) => {
    const other = others.subarray(i * feature.length, (i + 1) * feature.length);
    const product = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, j) => sum + value * (b[j] ?? 0), 0);
    return product(feature, other) / Math.sqrt(product(feature, feature) * product(other, other));
  });
}

function rowOf({ kind, batch, target, ours, theirs }: Case): Row {
  const rate = (seconds: readonly number[]) => IMAGES / Math.min(...seconds);
  const ratios = ours.map((seconds, round) => (theirs[round] ?? Number.NaN) / seconds);
  const ratio = rate(ours) / rate(theirs);
  const size = kind === 'JPEG' ? '640×480 JPEG' : `${SIDE_PNG} px PNG`;
  return {
    measure: `embedding ${size} in batches of ${batch}, ${THREADS} threads, beside Pillow and onnxruntime, best of ${ROUNDS}`,
    value: `${rate(ours).toFixed(0)} and ${rate(theirs).toFixed(0)} images/s: ${ratio.toFixed(2)}× (median of rounds ${median(ratios).toFixed(2)}×)`,
    target: `≥ ${target.toFixed(1)}×`,
    met: ratio >= target,
  };
}

function parityRow(kind: string, values: readonly number[]): Row {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    measure: `cosine of a ${kind}'s features to Python's`,
    value: `mean ${mean.toFixed(4)}, least ${Math.min(...values).toFixed(4)}`,
    target: 'mean ≥ 0.98',
    met: mean >= 0.98,
  };
}
