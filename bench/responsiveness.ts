import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { readListing } from '../data/listing.ts';
import { buildEmojiData } from '../dev/emoji-data.ts';
import { type NodeService, startNodeService } from '../dev/node-service.ts';
import { isTerminalModelStatus, KEY_HEADER, MOUNT_POINT } from '../vision/contract.ts';
import { writeLedger } from '../vision-service/ledger.ts';
import { openStores } from '../vision-service/store/open-stores.ts';
import type { Ground } from './ground.ts';
import type { Row } from './table.ts';

const TARGET_MS = 50;
const KEPT_MODELS = 10_000;
const TRAININGS = 3;
const BUDGET_HOURS = 1;

/** How soon the embedded service answers while it trains with its default backbone, and 10,000 models are in its store. */
export async function measureResponsiveness(ground: Ground): Promise<Row[]> {
  const home = join(ground.home, 'responsiveness');
  const { pool } = await buildEmojiData(join(home, 'emoji'), { seed: 1 });
  const images = await writeCoco(join(home, 'coco.json'), pool);
  ground.say(`Responsiveness: requests during trainings on ${images} drawings, ${KEPT_MODELS} models in the store`);
  keepModels(home);
  const key = randomBytes(16).toString('hex');
  const service = await startService(ground, { home, key });
  try {
    const caller = new Caller(`${String(service.ready['url'])}`, key);
    const uri = pathToFileURL(join(home, 'coco.json')).href;
    await caller.ask('PUT', '/datasets/pool', { annotationKind: 'imageClassification', annotationFileUris: [uri] });
    await caller.train();
    return [
      caller.row('GET of the model', 'GET model'),
      caller.row('PUT of a dataset', 'PUT dataset'),
      caller.row('GET of a list, the last page', 'GET models'),
      caller.row('GET of the ledger, 1,000 lines', 'GET ledger'),
    ];
  } finally {
    await service.stop();
  }
}

/** Writes COCO over a folder of drawings and gives their number. */
async function writeCoco(file: string, folder: string): Promise<number> {
  const { items, classes } = await readListing(folder);
  const coco = {
    images: items.map(({ path, name }, i) => ({
      id: i + 1,
      width: 64,
      height: 64,
      file_name: name,
      coco_url: pathToFileURL(path).href,
    })),
    annotations: items.map((item, i) => ({
      id: i + 1,
      image_id: i + 1,
      category_id: classes.indexOf(item.className ?? '') + 1,
    })),
    categories: classes.map((name, i) => ({ id: i + 1, name })),
  };
  await writeFile(file, JSON.stringify(coco));
  return items.length;
}

/** Fills a store with models that have failed, each with its line in the ledger. */
function keepModels(home: string): void {
  const { stores, close } = openStores(home);
  const { db, models } = stores;
  const entry = { status: 'failed' as const, computeSeconds: 1, billedMinutes: 0, images: 9, embeddingsComputed: 9 };
  db.exec('BEGIN');
  for (let i = 0; i < KEPT_MODELS; i += 1) {
    const name = `kept-${i}`;
    const parameters = { trainingDatasetName: 'pool', timeBudgetInHours: BUDGET_HOURS };
    models.create(name, { trainingParameters: { ...parameters, modelKind: 'Generic-Classifier' } });
    writeLedger(db, { trainingId: models.trainingId(name) ?? name, model: name }, entry);
  }
  db.exec("UPDATE models SET status = 'failed', body = json_set(body, '$.status', 'failed')");
  db.exec('COMMIT');
  close();
}

function startService(ground: Ground, { home, key }: { home: string; key: string }): Promise<NodeService> {
  return startNodeService({
    name: 'vision-service-responsiveness',
    entry: fileURLToPath(new URL('../vision-service/main.ts', import.meta.url)),
    logs: join(ground.home, 'logs'),
    env: { ...process.env, DELTALOOP_HOME: home, DELTALOOP_VISION_KEY: key, DELTALOOP_VISION_PORT: '0' },
  });
}

/** Asks the service one thing after another and keeps the milliseconds to each whole answer. */
class Caller {
  readonly #url: string;
  readonly #key: string;
  readonly #times = new Map<string, number[]>();

  constructor(url: string, key: string) {
    this.#url = url;
    this.#key = key;
  }

  /** Trains a few models and asks all the while; each embeds its images anew only where the last one did not. */
  async train(): Promise<void> {
    for (let i = 0; i < TRAININGS; i += 1) {
      const trainingParameters = { trainingDatasetName: 'pool', timeBudgetInHours: BUDGET_HOURS };
      await this.ask('PUT', `/models/m${i}`, { trainingParameters });
    }
    for (let asked = 0; ; asked += 1) {
      const { status } = await this.#timed('GET model', () => this.ask('GET', `/models/m${TRAININGS - 1}`));
      if (typeof status !== 'string' || isTerminalModelStatus(status)) return;
      const dataset = { annotationKind: 'imageClassification', annotationFileUris: ['https://example.com/coco.json'] };
      await this.#timed('PUT dataset', () => this.ask('PUT', `/datasets/d${asked}`, dataset));
      await this.#timed('GET models', () => this.ask('GET', '/models', undefined, `skip=${KEPT_MODELS - 30}&top=30&`));
      if (asked % 20 === 0) await this.#timed('GET ledger', () => this.#fetch('/ledger', {}));
    }
  }

  ask(...[method, path, body, query = '']: [string, string, unknown?, string?]): Promise<Record<string, unknown>> {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return this.#fetch(`${MOUNT_POINT}${path}?${query}api-version=2023-04-01-preview`, { method, ...init });
  }

  /** Middle, 99th percentile and longest of one kind of request. */
  row(measure: string, kind: string): Row {
    const times = (this.#times.get(kind) ?? []).toSorted((a, b) => a - b);
    const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
    const [middle, late, longest] = [at(0.5), at(0.99), at(1)];
    const slow = times.filter((ms) => ms > TARGET_MS).length;
    return {
      measure: `${measure} while training (${times.length} requests, ${slow} over ${TARGET_MS} ms): p50, p99, longest`,
      value: [middle, late, longest].map((ms) => `${ms.toFixed(1)} ms`).join(', '),
      target: `p99 at most ${TARGET_MS} ms`,
      met: late <= TARGET_MS,
    };
  }

  async #fetch(path: string, init: RequestInit): Promise<Record<string, unknown>> {
    const headers = new Headers(init.headers);
    headers.set(KEY_HEADER, this.#key);
    const answer = await fetch(this.#url + path, { ...init, headers });
    if (!answer.ok)
      throw new Error(`${init.method ?? 'GET'} ${path} answered ${answer.status}: ${await answer.text()}`);
    const value: unknown = await answer.json();
    return typeof value === 'object' && value !== null ? { ...value } : {};
  }

  async #timed<T>(kind: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    const result = await work();
    const times = this.#times.get(kind) ?? [];
    times.push(performance.now() - begun);
    this.#times.set(kind, times);
    return result;
  }
}
