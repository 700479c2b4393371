import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import sharp from 'sharp';
import { expect, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { createVisionClient, type VisionClient } from '../../vision/client.ts';
import {
  isTerminalEvaluationStatus,
  isTerminalModelStatus,
  type Model,
  type ModelEvaluation,
} from '../../vision/contract.ts';
import { createVisionService, type VisionService, type VisionServiceOptions } from '../../vision-service/server.ts';

export const KEY = 'a-key-for-tests';
// Spawned processes and threads start slowly on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const WAIT = { timeout: 50_000, interval: 20 };

/** A service on the classical backbone over real HTTP, and a client of it. Closed after the test. */
export async function startService(
  home: string,
  options: Partial<VisionServiceOptions> = {},
): Promise<{ service: VisionService; client: VisionClient }> {
  const service = await openService(home, options);
  onTestFinished(() => service.close());
  return { service, client: createVisionClient({ baseUrl: service.url, key: KEY }) };
}

/** A service that the tests of a file or group share; to be called in `beforeAll`. */
export interface RunningService {
  home: string;
  service: VisionService;
  client: VisionClient;
}

/** Starts a service for all tests of a file; pair it with `stopShared` in `afterAll`. */
export async function sharedService(options: Partial<VisionServiceOptions> = {}): Promise<RunningService> {
  const home = await mkdtemp(path.join(tmpdir(), 'vision-service-'));
  const service = await openService(home, options);
  return { home, service, client: createVisionClient({ baseUrl: service.url, key: KEY }) };
}

/** Ends what `sharedService` started. */
export async function stopShared({ home, service }: RunningService): Promise<void> {
  await service.close();
  await rm(home, { recursive: true, force: true });
}

function openService(home: string, options: Partial<VisionServiceOptions> = {}): Promise<VisionService> {
  const log = pino({ level: 'silent' });
  return createVisionService({ home, key: KEY, backbone: 'classical', port: 0, log, ...options });
}

/** One call as a foreign client would make it, e.g. `GET /models/m`, below the mount point. */
export function call(service: VisionService, line: string, more: RequestInit = {}): Promise<Response> {
  const [method = '', target = ''] = line.split(' ');
  const url = new URL(`${service.url}/computervision${target}`);
  if (!url.searchParams.has('api-version')) url.searchParams.set('api-version', '2023-04-01-preview');
  const headers = new Headers(more.headers);
  if (!headers.has('Ocp-Apim-Subscription-Key')) headers.set('Ocp-Apim-Subscription-Key', KEY);
  return fetch(url, { ...more, method, headers });
}

const ErrorAnswer = z.object({
  error: z.object({
    code: z.string(),
    message: z.string().min(1),
    innererror: z.object({ code: z.string() }).optional(),
  }),
});

/** An error answer in one object, once its envelope and header are seen to agree. */
export async function errorOf(response: Response) {
  const { error } = ErrorAnswer.parse(await response.json());
  expect(response.headers.get('x-ms-error-code')).toBe(error.code);
  return { status: response.status, code: error.code, inner: error.innererror?.code, message: error.message };
}

/** A JSON body with its content type, and more headers. */
export function json(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } };
}

/** A call with a JSON body. */
export function callJson(service: VisionService, line: string, body: unknown): Promise<Response> {
  return call(service, line, json(body));
}

const HUES: Record<string, { r: number; g: number; b: number }> = {
  red: { r: 220, g: 40, b: 40 },
  green: { r: 40, g: 200, b: 60 },
  blue: { r: 40, g: 60, b: 220 },
};

/** A PNG of one colour that differs a little by its index. */
export function picture(colour: string, index: number, side = 64): Promise<Buffer> {
  const hue = HUES[colour] ?? { r: 128, g: 128, b: 128 };
  const shade = (index * 7) % 30;
  const background = { r: hue.r - shade, g: hue.g, b: Math.max(0, hue.b - ((index * 3) % 20)) };
  const dot = { create: { width: 8, height: 8, channels: 3 as const, background: '#ffffff' } };
  const offset = { left: (index * 5) % (side - 8), top: (index * 11) % (side - 8) };
  return sharp({ create: { width: side, height: side, channels: 3, background } })
    .composite([{ input: dot, ...offset }])
    .png()
    .toBuffer();
}

export interface CocoOptions {
  classes?: string[];
  perClass: number;
  /** Index of the first picture of each class; other indexes give other bytes. */
  first?: number;
  side?: number;
}

/** Writes pictures and a COCO file below `folder` and gives the file's URI. */
export async function writeCoco(folder: string, name: string, options: CocoOptions): Promise<string> {
  const { classes = ['red', 'green'], perClass, first = 0, side = 64 } = options;
  const images = path.join(folder, 'images');
  await mkdir(images, { recursive: true });
  const items = classes.flatMap((className, category) =>
    Array.from({ length: perClass }, (_, i) => ({
      className,
      category,
      file: `${className}-${first + i}-${side}.png`,
    })),
  );
  for (const [i, { className, file }] of items.entries()) {
    await writeFile(path.join(images, file), await picture(className, first + (i % perClass), side));
  }
  const coco = {
    images: items.map(({ file }, i) => ({
      id: i + 1,
      width: side,
      height: side,
      file_name: file,
      coco_url: pathToFileURL(path.join(images, file)).href,
    })),
    annotations: items.map(({ category }, i) => ({ id: i + 1, image_id: i + 1, category_id: category + 1 })),
    categories: classes.map((className, i) => ({ id: i + 1, name: className })),
  };
  return writeJson(folder, name, coco);
}

/** Writes a JSON file and gives its URI. */
export async function writeJson(folder: string, name: string, value: unknown): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, JSON.stringify(value));
  return pathToFileURL(file).href;
}

/** A dataset's registration. */
export function classification(uri: string) {
  return { annotationKind: 'imageClassification' as const, annotationFileUris: [uri] };
}

/** A training's request. */
export function training(dataset: string, hours = 1) {
  return {
    trainingParameters: {
      trainingDatasetName: dataset,
      timeBudgetInHours: hours,
      modelKind: 'Generic-Classifier' as const,
    },
  };
}

/** The model once its training has ended. */
export async function ended(client: VisionClient, name: string): Promise<Model> {
  return vi.waitFor(async () => {
    const model = await client.getModel(name);
    expect(isTerminalModelStatus(model.status)).toBe(true);
    return model;
  }, WAIT);
}

/** Creates an evaluation named like its dataset and gives it once it has ended. */
export async function evaluated(client: VisionClient, model: string, dataset: string): Promise<ModelEvaluation> {
  await client.createEvaluation(model, dataset, { evaluationParameters: { testDatasetName: dataset } });
  return evaluationEnded(client, model, dataset);
}

/** The evaluation once it has ended. */
export async function evaluationEnded(client: VisionClient, model: string, name: string): Promise<ModelEvaluation> {
  return vi.waitFor(async () => {
    const evaluation = await client.getEvaluation(model, name);
    expect(isTerminalEvaluationStatus(evaluation.status)).toBe(true);
    return evaluation;
  }, WAIT);
}

const LedgerAnswer = z.object({
  value: z.array(
    z.object({
      model: z.string(),
      status: z.string(),
      billedMinutes: z.number(),
      computeSeconds: z.number(),
      images: z.number(),
      embeddingsComputed: z.number(),
    }),
  ),
});

/** The lines of the service's ledger. */
export async function ledgerOf(service: { url: string }) {
  const answer = await fetch(`${service.url}/ledger`, { headers: { 'Ocp-Apim-Subscription-Key': KEY } });
  return LedgerAnswer.parse(await answer.json()).value;
}
