import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelKind } from '../../vision/contract.ts';
import { loadBackbone } from '../../vision-service/backbones/load-backbone.ts';
import { BoundedCache } from '../../vision-service/bounded-cache.ts';
import { ImageFactsCache } from '../../vision-service/data-access/image-facts.ts';
import type { DetectorKind } from '../../vision-service/detection/detector.ts';
import { DetectionKernels } from '../../vision-service/detection/kernels.ts';
import { deserialiseDetector } from '../../vision-service/detection/serialise.ts';
import { EmbeddingCache } from '../../vision-service/embeddings.ts';
import { BILLED_MINUTES_PER_SECOND } from '../../vision-service/queue/budget.ts';
import type { DetectionEngine } from '../../vision-service/queue/engine.ts';
import { predictObjects, recognizeProducts } from '../../vision-service/queue/predict-objects.ts';
import type { TrainTask, Usage } from '../../vision-service/queue/protocol.ts';
import { runDetectorTraining } from '../../vision-service/queue/train-detector-task.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { shapeScenes, writeShapeCoco } from './shape-scenes.ts';

let kernels: DetectionKernels;
beforeAll(async () => {
  kernels = await DetectionKernels.open({ threads: 1 });
});
afterAll(() => kernels.close());

async function engineFor(folder: string): Promise<DetectionEngine> {
  const db = new DatabaseSync(':memory:');
  return {
    backbone: await loadBackbone('classical', { threads: 1 }),
    cache: new EmbeddingCache(db),
    facts: new ImageFactsCache(db),
    maps: new BoundedCache(db, { table: 'maps', mostBytes: 1e9 }),
    crops: new BoundedCache(db, { table: 'crops', mostBytes: 1e9 }),
    access: { allowedRoots: [folder], allowPrivate: false },
    kernels,
    threads: 1,
  };
}

async function trainOn(
  kind: DetectorKind,
  more: Partial<TrainTask> & { signal?: AbortSignal; shuffled?: boolean } = {},
) {
  const { signal = new AbortController().signal, shuffled = false, ...rest } = more;
  const folder = await temporaryFolder();
  const scenes = await shapeScenes(shuffled ? 30 : 10, 31);
  // Every picture gets the truth of another one.
  const wrong = scenes.map((scene, i) => ({ ...scene, objects: scenes[(i + 7) % scenes.length]?.objects ?? [] }));
  const uri = await writeShapeCoco(folder, 'shelf', { scenes: shuffled ? wrong : scenes, rename: { square: 'GAP' } });
  const training = { name: 'shelf', annotationKind: 'imageObjectDetection' as const, uris: [uri] };
  const task: TrainTask = {
    kind: 'train',
    modelKind: kind satisfies ModelKind,
    training,
    test: undefined,
    budgetHours: 1,
    minutesPerSecond: BILLED_MINUTES_PER_SECOND,
    ...rest,
  };
  const usages: Usage[] = [];
  const watch = { signal, onUsage: (usage: Usage) => usages.push(usage) };
  const engine = await engineFor(folder);
  return { engine, usages, result: runDetectorTraining(engine, { kind, task, watch }) };
}

describe('a training of a Product-Recognizer', () => {
  it('tells gaps from products on a photo, and all of them as objects; a plain detector is refused', async () => {
    const { engine, result, usages } = await trainOn('Product-Recognizer');
    const detector = deserialiseDetector((await result).trained);
    const signal = new AbortController().signal;
    const scenes = await shapeScenes(12, 33);
    const seen = { products: 0, gaps: 0 };
    for (const { image } of scenes) {
      const { products, gaps, imageMetadata } = await recognizeProducts(engine, detector, { image, signal });
      const { customModelResult } = await predictObjects(engine, detector, { image, signal });
      expect(imageMetadata).toEqual({ width: 160, height: 160 });
      expect(products.every(({ tags }) => tags.every(({ name }) => name === 'disc'))).toBe(true);
      expect(gaps.every(({ tags }) => tags.every(({ name }) => name === 'GAP'))).toBe(true);
      expect(customModelResult.objectsResult?.values).toHaveLength(products.length + gaps.length);
      seen.products += products.length;
      seen.gaps += gaps.length;
    }
    expect(Math.min(seen.products, seen.gaps)).toBeGreaterThan(3);
    expect(usages.at(-1)).toMatchObject({ images: 10, embeddingsComputed: 10 });
    const plain = { ...detector, kind: 'Generic-Detector' as const };
    const request = { image: scenes[0]?.image ?? Buffer.alloc(0), signal };
    await expect(recognizeProducts(engine, plain, request)).rejects.toMatchObject({ code: 'incorrectModelKind' });
  });
});

describe('a training of a detector', () => {
  it('has diverged when the boxes belong to other pictures', async () => {
    const { result } = await trainOn('Generic-Detector', { shuffled: true });
    await expect(result).rejects.toMatchObject({
      code: 'diverged',
      message: expect.stringContaining('Nothing was learnt'),
    });
  });

  it('stops when it is cancelled, and says what it used', async () => {
    const controller = new AbortController();
    const { result, usages } = await trainOn('Generic-Detector', { signal: controller.signal });
    const stop = setInterval(() => usages.length > 20 && controller.abort(new Error('enough')), 5);
    await expect(result).rejects.toThrow('enough');
    clearInterval(stop);
    expect(usages.at(-1)?.computeMs).toBeGreaterThan(0);
  });
});
