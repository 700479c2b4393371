import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { z } from 'zod';
import { type NodeService, startNodeService } from '../dev/node-service.ts';
import { isTerminalModelStatus, KEY_HEADER, MOUNT_POINT } from '../vision/contract.ts';
import type { Ground } from './ground.ts';
import { makePhotos } from './photos.ts';
import type { Row } from './table.ts';

const FIRST = 10_000;
const ADDED = 100;
const SIDE = 64;
const CLASSES = 10;
const BUDGET_HOURS = 24;
const MAX_GIGABYTES = 1.5;
const MAX_SHARE = 0.05;
const LOOK_MS = 500;
const NAME = 'vision-service-ten-thousand';

/** Memory and time of the real service over 10,000 images, and over 100 more. */
export async function measureTenThousand(ground: Ground): Promise<Row[]> {
  const home = join(ground.home, 'ten-thousand');
  ground.say(`Ten thousand: making ${FIRST + ADDED} images of ${SIDE} px`);
  await makeImages(join(home, 'images'), FIRST + ADDED);
  const key = randomBytes(16).toString('hex');
  const service = await startService(ground, { home, key });
  try {
    const ask = asker(String(service.ready['url']), key);
    const runs: Run[] = [];
    for (const images of [FIRST, FIRST + ADDED]) {
      ground.say(`Ten thousand: training on ${images} images`);
      runs.push(await train({ ask, home, images, log: join(ground.home, 'logs', `${NAME}.log`) }));
    }
    return rowsOf(runs, await peakGigabytes(service.pid));
  } finally {
    await service.stop();
  }
}

/** Photo-like pictures in ten shades, so that there is something to learn. */
async function makeImages(folder: string, count: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const photos = await makePhotos();
  for (let i = 0; i < count; i += 1) {
    const shade = { r: 40 + 20 * (i % CLASSES), g: 140, b: 240 - 20 * (i % CLASSES) };
    const picture = sharp(await photos.png(i, SIDE)).composite([
      { input: { create: { width: SIDE / 2, height: SIDE / 2, channels: 3, background: shade } } },
    ]);
    await picture.png({ compressionLevel: 1 }).toFile(join(folder, `${i}.png`));
  }
}

async function writeCoco(home: string, images: number): Promise<string> {
  const numbers = Array.from({ length: images }, (_, i) => i);
  const file = join(home, `coco-${images}.json`);
  const coco = {
    images: numbers.map((i) => ({
      id: i + 1,
      width: SIDE,
      height: SIDE,
      file_name: `${i}.png`,
      coco_url: pathToFileURL(join(home, 'images', `${i}.png`)).href,
    })),
    annotations: numbers.map((i) => ({ id: i + 1, image_id: i + 1, category_id: (i % CLASSES) + 1 })),
    categories: Array.from({ length: CLASSES }, (_, i) => ({ id: i + 1, name: `shade ${i}` })),
  };
  await writeFile(file, JSON.stringify(coco));
  return pathToFileURL(file).href;
}

function startService(ground: Ground, { home, key }: { home: string; key: string }): Promise<NodeService> {
  return startNodeService({
    name: NAME,
    entry: fileURLToPath(new URL('../vision-service/main.ts', import.meta.url)),
    logs: join(ground.home, 'logs'),
    env: { ...process.env, DELTALOOP_HOME: home, DELTALOOP_VISION_KEY: key, DELTALOOP_VISION_PORT: '0' },
  });
}

type Ask = (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>;

function asker(url: string, key: string): Ask {
  return async (method, path, body) => {
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { [KEY_HEADER]: key, 'content-type': 'application/json' };
    const answer = await fetch(new URL(path, url), { method, headers, ...init });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    const value: unknown = await answer.json();
    return typeof value === 'object' && value !== null ? { ...value } : {};
  };
}

interface Run {
  images: number;
  computed: number;
  /** Seconds of the whole training, and of its search for the head. */
  whole: number;
  head: number;
}

interface Training {
  ask: Ask;
  home: string;
  images: number;
  /** The service's log, which tells the parts of a training. */
  log: string;
}

async function train({ ask, home, images, log }: Training): Promise<Run> {
  const name = `of-${images}`;
  const at = (path: string) => `${MOUNT_POINT}${path}/${name}?api-version=2023-04-01-preview`;
  const annotationFileUris = [await writeCoco(home, images)];
  await ask('PUT', at('/datasets'), { annotationKind: 'imageClassification', annotationFileUris });
  const parameters = { trainingDatasetName: name, timeBudgetInHours: BUDGET_HOURS, modelKind: 'Generic-Classifier' };
  let model = await ask('PUT', at('/models'), { trainingParameters: parameters });
  while (!isTerminalModelStatus(String(model['status']))) {
    await pause(LOOK_MS);
    model = await ask('GET', at('/models'));
  }
  if (model['status'] !== 'succeeded') throw new Error(`The training on ${images} images: ${JSON.stringify(model)}`);
  return { images, ...(await partsOf(log, name)) };
}

const LineSchema = z.object({
  model: z.string(),
  trainingSeconds: z.number().optional(),
  headSeconds: z.number().optional(),
  embeddingsComputed: z.number().optional(),
});

async function partsOf(log: string, model: string): Promise<Omit<Run, 'images'>> {
  const lines = (await readFile(log, 'utf8')).split('\n').flatMap((line) => {
    const parsed = line.startsWith('{') ? LineSchema.safeParse(JSON.parse(line)).data : undefined;
    return parsed?.model === model ? [parsed] : [];
  });
  const last = (pick: (line: z.infer<typeof LineSchema>) => number | undefined) =>
    lines.findLast((line) => pick(line) !== undefined);
  return {
    computed: last((line) => line.embeddingsComputed)?.embeddingsComputed ?? Number.NaN,
    whole: last((line) => line.trainingSeconds)?.trainingSeconds ?? Number.NaN,
    head: last((line) => line.headSeconds)?.headSeconds ?? Number.NaN,
  };
}

/** Most memory that a process ever had in use, in GB; NaN where the system does not tell. */
async function peakGigabytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return kilobytes === undefined ? Number.NaN : (Number(kilobytes) * 1024) / 1e9;
}

function rowsOf(runs: readonly Run[], peak: number): Row[] {
  const [first, second] = runs;
  if (first === undefined || second === undefined) return [];
  const outside = ({ whole, head }: Run) => whole - head;
  const share = outside(second) / outside(first);
  const seconds = (value: number) => `${value.toFixed(2)} s`;
  return [
    {
      measure: `peak memory of the service over trainings on ${first.images} and ${second.images} images`,
      value: `${peak.toFixed(2)} GB`,
      target: `below ${MAX_GIGABYTES} GB`,
      met: peak < MAX_GIGABYTES,
    },
    ...runs.map((run) => ({
      measure: `training on ${run.images} images, ${run.computed} of them embedded: outside the head search, in it`,
      value: `${seconds(outside(run))}, ${seconds(run.head)}`,
    })),
    {
      measure: `the second training outside its head search, as a share of the first; it embeds`,
      value: `${(share * 100).toFixed(1)} %; ${second.computed}`,
      target: `at most ${MAX_SHARE * 100} %; ${ADDED}`,
      met: share <= MAX_SHARE && second.computed === ADDED,
    },
  ];
}
