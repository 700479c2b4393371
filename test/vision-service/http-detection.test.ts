import { unzipSync } from 'fflate';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createVisionClient } from '../../vision/client.ts';
import {
  isTerminalEvaluationStatus,
  type ModelKind,
  type ProductRecognitionResult,
  ProductRecognitionResultSchema,
  ProductRecognitionRunSchema,
} from '../../vision/contract.ts';
import type { VisionService } from '../../vision-service/server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  call,
  classification,
  ended,
  evaluated,
  KEY,
  ledgerOf,
  type RunningService,
  sharedService,
  startService,
  stopShared,
  training,
  writeCoco,
} from './http-helpers.ts';
import { shapeScenes, writeShapeCoco } from './shape-scenes.ts';

const detection = (uri: string) => ({ annotationKind: 'imageObjectDetection' as const, annotationFileUris: [uri] });
const detectorTraining = (dataset: string, modelKind: ModelKind = 'Generic-Detector', hours = 1) => {
  return { trainingParameters: { ...training(dataset, hours).trainingParameters, modelKind } };
};

/** The result of a product-recognition run on a photo. */
async function recognized(service: VisionService, model: string, image: Uint8Array): Promise<ProductRecognitionResult> {
  const path = `/productrecognition/${model}/runs/run-1`;
  const put = await call(service, `PUT ${path}`, {
    body: new Uint8Array(image),
    headers: { 'content-type': 'image/png' },
  });
  expect(put.status).toBe(201);
  const run = await vi.waitFor(async () => {
    const found = ProductRecognitionRunSchema.parse(await (await call(service, `GET ${path}`)).json());
    expect(isTerminalEvaluationStatus(found.status)).toBe(true);
    return found;
  }, 30_000);
  expect(run.error).toBeUndefined();
  return ProductRecognitionResultSchema.parse(run.result);
}

let running: RunningService;
beforeAll(async () => {
  running = await sharedService();
  const { home, client } = running;
  const uri = await writeShapeCoco(home, 'shapes', { scenes: await shapeScenes(12, 1) });
  await client.registerDataset('shapes', detection(uri));
  const test = await writeShapeCoco(home, 'test', { scenes: await shapeScenes(8, 2) });
  await client.registerDataset('test', detection(test));
  await client.registerDataset('tags', classification(await writeCoco(home, 'tags.json', { perClass: 3 })));
  await client.createModel('detector', detectorTraining('shapes'));
  await ended(client, 'detector');
});
afterAll(() => stopShared(running));

describe('a detector', () => {
  it('is trained, reports what it found in held-out images, and is billed', async () => {
    const model = await running.client.getModel('detector');
    expect(model.error).toBeUndefined();
    expect(model.status).toBe('succeeded');
    expect(model.trainingCostInMinutes).toBeGreaterThanOrEqual(1);
    expect(model.modelPerformance?.meanAveragePrecision50).toBeGreaterThan(0.5);
    expect(Object.keys(model.modelPerformance?.tagPerformance ?? {}).sort()).toEqual(['disc', 'square']);
    const line = (await ledgerOf(running.service)).find((entry) => entry.model === 'detector');
    expect(line).toMatchObject({ status: 'succeeded', images: 12, embeddingsComputed: 12 });
  });

  it('finds shapes on images it never saw', async () => {
    const { modelPerformance } = await evaluated(running.client, 'detector', 'test');
    expect(modelPerformance?.meanAveragePrecision50).toBeGreaterThan(0.8);
    expect(modelPerformance?.meanAveragePrecision30).toBeGreaterThanOrEqual(
      modelPerformance?.meanAveragePrecision50 ?? 1,
    );
    expect(modelPerformance?.tagPerformance['disc']?.averagePrecision50).toBeGreaterThan(0.8);
  });

  it('answers boxes in whole pixels, each with its classes, surest first', async () => {
    const [scene] = await shapeScenes(1, 3);
    const { metadata, customModelResult } = await running.client.predict('detector', scene?.image ?? Buffer.alloc(0));
    const objects = customModelResult.objectsResult?.values ?? [];
    expect(metadata).toEqual({ width: 160, height: 160 });
    expect(customModelResult.tagsResult).toBeUndefined();
    const [surest] = objects;
    expect(scene?.objects.map(({ className }) => className)).toContain(surest?.tags[0]?.name);
    expect(objects.map(({ id }) => id)).toEqual(objects.map((_, i) => String(i + 1)));
    for (const {
      boundingBox: { x, y, w, h },
      tags,
    } of objects) {
      expect([x, y, w, h].every(Number.isInteger)).toBe(true);
      expect(x >= 0 && y >= 0 && w >= 1 && h >= 1 && x + w <= 160 && y + h <= 160).toBe(true);
      const confidences = tags.map(({ confidence }) => confidence);
      expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
      expect(confidences.every((confidence) => confidence >= 0.05 && confidence <= 1)).toBe(true);
    }
  });

  it('gives the same answer twice', async () => {
    const [scene] = await shapeScenes(1, 4);
    const image = scene?.image ?? Buffer.alloc(0);
    expect(await running.client.predict('detector', image)).toEqual(await running.client.predict('detector', image));
  });

  it('looks at new images only when it is trained again on more', async () => {
    const { home, client, service } = running;
    const scenes = [...(await shapeScenes(12, 1)), ...(await shapeScenes(3, 9))];
    await client.registerDataset('more', detection(await writeShapeCoco(home, 'more', { scenes })));
    await client.createModel('again', detectorTraining('more'));
    expect((await ended(client, 'again')).status).toBe('succeeded');
    const line = (await ledgerOf(service)).find((entry) => entry.model === 'again');
    expect(line).toMatchObject({ images: 15, embeddingsComputed: 3 });
  });

  it('serves after a restart without another training', async () => {
    const home = await temporaryFolder();
    const first = await startService(home);
    const uri = await writeShapeCoco(home, 'shapes', { scenes: await shapeScenes(8, 5) });
    await first.client.registerDataset('shapes', detection(uri));
    await first.client.createModel('m', detectorTraining('shapes'));
    await ended(first.client, 'm');
    const image = (await shapeScenes(1, 6))[0]?.image ?? Buffer.alloc(0);
    const before = await first.client.predict('m', image);
    await first.service.close();
    const second = await startService(home);
    const client = createVisionClient({ baseUrl: second.service.url, key: KEY });
    expect(await client.predict('m', image)).toEqual(before);
    expect(await ledgerOf(second.service)).toHaveLength(1);
  });
});

describe('an exported detector', () => {
  it('brings a head for places and one for crops that onnxruntime loads, its labels and its metrics', async () => {
    const answer = await call(running.service, 'GET /models/detector:export');
    const files = unzipSync(new Uint8Array(await answer.arrayBuffer()));
    expect(Object.keys(files).sort()).toEqual([
      'crops.onnx',
      'labels.json',
      'metrics.json',
      'model.json',
      'places.onnx',
    ]);
    const places = await InferenceSession.create(files['places.onnx'] ?? new Uint8Array());
    expect(places.inputNames).toEqual(['fine', 'coarse']);
    await places.release();
    expect(JSON.parse(Buffer.from(files['labels.json'] ?? []).toString()).toSorted()).toEqual(['disc', 'square']);
  });
});

describe('a model and a dataset of another kind', () => {
  it.each<[ModelKind, string]>([
    ['Generic-Detector', 'tags'],
    ['Product-Recognizer', 'tags'],
    ['Generic-Classifier', 'shapes'],
  ])('do not go together: %s on %s', async (kind, dataset) => {
    const name = `wrong-${kind}`;
    await running.client.createModel(name, detectorTraining(dataset, kind));
    const { status, error } = await ended(running.client, name);
    expect([status, error?.code]).toEqual(['failed', 'datasetCorrupt']);
    expect(error?.message).toContain(`a ${kind} needs image`);
  });

  it('end an evaluation with incorrectModelKind, both ways', async () => {
    const { client } = running;
    await client.createModel('classifier', training('tags'));
    await ended(client, 'classifier');
    expect((await evaluated(client, 'classifier', 'test')).error?.code).toBe('incorrectModelKind');
    expect((await evaluated(client, 'detector', 'tags')).error?.code).toBe('incorrectModelKind');
  });
});

describe('a training of a detector', () => {
  it('is refused when its budget is below the documented minimum, before any image is read', async () => {
    const { home, client } = running;
    const few = (await shapeScenes(8, 7)).map((scene) => ({ ...scene, image: Buffer.from('no image') }));
    const uri = await writeShapeCoco(home, 'many', { scenes: Array.from({ length: 19 }, () => few).flat() });
    await client.registerDataset('many', detection(uri));
    await client.createModel('poor', detectorTraining('many'));
    const { error } = await ended(client, 'poor');
    expect(error).toMatchObject({
      code: 'notEnoughBudget',
      message: expect.stringContaining('the minimum is 2 hours'),
    });
  });

  it('names boxes in pixels, and an image whose size is another than declared', async () => {
    const { home, client } = running;
    const scenes = await shapeScenes(6, 8);
    const inPixels = scenes.map((scene) => ({
      ...scene,
      objects: [{ className: 'disc' as const, box: [10, 10, 50, 50] as [number, number, number, number] }],
    }));
    await client.registerDataset('pixels', detection(await writeShapeCoco(home, 'pixels', { scenes: inPixels })));
    const sizes = scenes.map((scene, i) => (i === 2 ? { ...scene, width: 100 } : scene));
    await client.registerDataset('sizes', detection(await writeShapeCoco(home, 'sizes', { scenes: sizes })));
    for (const name of ['pixels', 'sizes']) await client.createModel(name, detectorTraining(name));
    const [pixels, other] = [await ended(client, 'pixels'), await ended(client, 'sizes')];
    expect(pixels.error).toMatchObject({
      code: 'datasetCorrupt',
      message: expect.stringContaining('looks like pixels'),
    });
    expect(other.error).toMatchObject({
      code: 'datasetCorrupt',
      message: expect.stringContaining('image 3 (3.png) of sizes.json is declared as 100×160 px, but is 160×160 px'),
    });
  });
});

describe('a Product-Recognizer', () => {
  it('tells products from gaps in a run, and is a detector for imageanalysis:analyze', async () => {
    const { home, client, service } = running;
    const scenes = await shapeScenes(10, 10);
    const uri = await writeShapeCoco(home, 'shelf', { scenes, rename: { square: 'Gap' } });
    await client.registerDataset('shelf', detection(uri));
    await client.createModel('shelf', detectorTraining('shelf', 'Product-Recognizer'));
    const model = await ended(client, 'shelf');
    expect(model.error).toBeUndefined();
    expect(model.modelPerformance?.tagPerformance['Gap']?.averagePrecision50).toBeGreaterThan(0.3);
    const image = scenes[0]?.image ?? Buffer.alloc(0);
    const answer = await call(service, 'POST /imageanalysis:analyze?model-name=shelf', {
      body: new Uint8Array(image),
      headers: { 'content-type': 'image/png' },
    });
    expect(await answer.json()).toMatchObject({ customModelResult: { objectsResult: { values: expect.any(Array) } } });
    const { imageMetadata, products, gaps } = await recognized(service, 'shelf', image);
    expect(imageMetadata).toEqual({ width: 160, height: 160 });
    expect(new Set(products.flatMap(({ tags }) => tags.map(({ name }) => name)))).toEqual(new Set(['disc']));
    expect(new Set(gaps.flatMap(({ tags }) => tags.map(({ name }) => name)))).toEqual(new Set(['Gap']));
  });
});
