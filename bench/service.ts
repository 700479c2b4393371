import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { LoopFolder } from '../data/loop-folder.ts';
import { buildEmojiData } from '../dev/emoji-data.ts';
import { type NodeService, startNodeService } from '../dev/node-service.ts';
import { RoundRecordSchema } from '../loop/files.ts';
import { createVisionClient } from '../vision/client.ts';
import { KEY_HEADER } from '../vision/contract.ts';
import type { Ground } from './ground.ts';
import { activityTimes, eventsOf } from './histories.ts';
import { median, type Row } from './table.ts';

const ROUNDS = 6;
const LOOP = 'bench-service';

/** What a loop asks of the real embedded service: embeddings and predictions of a loop over the demo's drawings. */
export async function measureService(ground: Ground): Promise<Row[]> {
  ground.say(`Service: ${ROUNDS} rounds over emoji drawings on the embedded vision service`);
  const data = await buildEmojiData(join(ground.home, 'emoji'), { seed: 1 });
  const key = randomBytes(16).toString('hex');
  const service = await startService(ground, key);
  const requests = countedFetch();
  const baseUrl = String(service.ready['url']);
  const stop = await ground.work(LOOP, createVisionClient({ baseUrl, key, fetch: requests.fetch }));
  try {
    await ground.start(LOOP, {
      name: LOOP,
      collector: { kind: 'pool', path: data.pool },
      evaluation: { path: data.evaluation },
      imagesPerClass: 3,
      policy: 'thresholds',
      patience: ROUNDS,
      caps: { rounds: ROUNDS },
    });
    await ground.finish(LOOP);
    const predictMs = activityTimes(await eventsOf(ground.client, LOOP), 'predictEvaluationSet');
    return [
      await embeddingsRow(ground, { baseUrl, key }),
      ...predictionRows({ images: data.evaluationImages, predictMs, requests: requests.byRoute }),
    ];
  } finally {
    await stop();
    await service.stop();
  }
}

function startService({ home }: Ground, key: string): Promise<NodeService> {
  return startNodeService({
    name: 'vision-service',
    entry: fileURLToPath(new URL('../vision-service/main.ts', import.meta.url)),
    logs: join(home, 'logs'),
    env: { ...process.env, DELTALOOP_HOME: home, DELTALOOP_VISION_KEY: key, DELTALOOP_VISION_PORT: '0' },
  });
}

interface Requests {
  fetch: typeof fetch;
  /** Requests so far by method and first path segment below the mount point. */
  byRoute: Map<string, number>;
}

function countedFetch(): Requests {
  const byRoute = new Map<string, number>();
  return {
    byRoute,
    fetch: (input, init) => {
      const path = input instanceof Request ? input.url : String(input);
      const route = `${init?.method ?? 'GET'} ${new URL(path).pathname.split('/')[2]}`;
      byRoute.set(route, (byRoute.get(route) ?? 0) + 1);
      return fetch(input, init);
    },
  };
}

const LedgerSchema = z.object({ value: z.array(z.object({ images: z.number(), embeddingsComputed: z.number() })) });

async function embeddingsRow({ home }: Ground, { baseUrl, key }: { baseUrl: string; key: string }): Promise<Row> {
  const answer = await fetch(new URL('/ledger', baseUrl), { headers: { [KEY_HEADER]: key } });
  const { value } = LedgerSchema.parse(await answer.json());
  const computed = value.map(({ embeddingsComputed }) => embeddingsComputed);
  const folder = LoopFolder.at(home, LOOP);
  const added: number[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    added.push((await folder.readRecord(`rounds/${round}/record.json`, RoundRecordSchema))?.newImages ?? Number.NaN);
  }
  return {
    measure: `embeddings computed in rounds 1–${ROUNDS} (training sets of ${value.map(({ images }) => images).join(', ')} images)`,
    value: computed.join(', '),
    target: `new images: ${added.join(', ')}`,
    met: computed.join() === added.join(),
  };
}

function predictionRows(run: { images: number; predictMs: number[]; requests: ReadonlyMap<string, number> }): Row[] {
  const { images, predictMs, requests } = run;
  const perRound = median(predictMs.slice(1));
  const predictions = (requests.get('POST imageanalysis:analyze') ?? 0) / ROUNDS;
  const others = ([...requests.values()].reduce((sum, n) => sum + n, 0) - predictions * ROUNDS) / ROUNDS;
  return [
    {
      measure: `predicting the evaluation set of ${images} images (embedded before), median of rounds 2–${ROUNDS}`,
      value: `${(perRound / images).toFixed(2)} ms an image, ${(perRound / 1000).toFixed(2)} s a round`,
    },
    {
      measure: 'HTTP requests of a round: predictions, all others (mean)',
      value: `${predictions}, ${others.toFixed(1)}`,
    },
  ];
}
