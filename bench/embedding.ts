import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { buildEmojiData } from '../dev/emoji-data.ts';
import { loadBackbone } from '../vision-service/backbones/load-backbone.ts';
import { type EmbeddableImage, EmbeddingCache, embedImages } from '../vision-service/embeddings.ts';
import type { Ground } from './ground.ts';
import type { Row } from './table.ts';

const BACKBONES = ['efficientnet-lite0', 'classical'];
const THREADS = 2;
const IMAGES = 400;
const RUNS = 3;

/** Images per second from file bytes to features, by backbone; the best of several runs. */
export async function measureEmbedding(ground: Ground): Promise<Row[]> {
  ground.say(`Embedding: ${IMAGES} drawings with ${BACKBONES.join(' and ')}`);
  const images = await readImages(ground);
  const rows: Row[] = [];
  for (const name of BACKBONES) {
    const backbone = await loadBackbone(name, { threads: THREADS });
    let best = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const begun = performance.now();
      await embedImages({ backbone, images, cache: new EmbeddingCache(new DatabaseSync(':memory:')) });
      best = Math.max(best, images.length / ((performance.now() - begun) / 1000));
    }
    await backbone.close();
    rows.push({
      measure: `embedding with ${name}, ${THREADS} threads, 64 px PNG, best of ${RUNS}`,
      value: `${best.toFixed(0)} images/s`,
    });
  }
  return rows;
}

async function readImages({ home }: Ground): Promise<EmbeddableImage[]> {
  const { pool } = await buildEmojiData(join(home, 'emoji'), { seed: 1 });
  const entries = await readdir(pool, { recursive: true });
  const files = entries
    .filter((name) => name.endsWith('.png'))
    .sort()
    .slice(0, IMAGES);
  return Promise.all(
    files.map(async (name) => {
      const bytes = await readFile(join(pool, name));
      return { sha256: createHash('sha256').update(bytes).digest('hex'), read: () => Promise.resolve(bytes) };
    }),
  );
}
