import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256Of } from '../../data/hash.ts';
import { randomNumbers } from '../../loop/random.ts';
import { loadBackbone } from '../../vision-service/backbones/load-backbone.ts';
import { BoundedCache } from '../../vision-service/bounded-cache.ts';
import { firstBlend, fitBlend } from '../../vision-service/detection/blend.ts';
import { type Box, insidePicture, overlap, pixelBox } from '../../vision-service/detection/boxes.ts';
import { pictureFolds } from '../../vision-service/detection/crossing.ts';
import { detect } from '../../vision-service/detection/detector.ts';
import { hasLearntNothing } from '../../vision-service/detection/divergence.ts';
import { exportDetector } from '../../vision-service/detection/export-detector.ts';
import { fromHalves, toHalves } from '../../vision-service/detection/half.ts';
import { DetectionKernels, type PlaceBatch } from '../../vision-service/detection/kernels.ts';
import { learnable } from '../../vision-service/detection/learnable.ts';
import { findings, measure } from '../../vision-service/detection/measure.ts';
import { suppress } from '../../vision-service/detection/nms.ts';
import { sightOf } from '../../vision-service/detection/picture-sight.ts';
import { byPart, type PlaceHead, partShapes } from '../../vision-service/detection/place-head.ts';
import { choosePlaces } from '../../vision-service/detection/place-samples.ts';
import { PLACES } from '../../vision-service/detection/places.ts';
import { deserialiseDetector, serialiseDetector } from '../../vision-service/detection/serialise.ts';
import { trainDetector } from '../../vision-service/detection/train-detector.ts';
import { SHAPE_CLASSES, type ShapeScene, shapeScenes } from './shape-scenes.ts';

const share = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const anyBox = fc.record({
  left: share(0, 0.8),
  top: share(0, 0.8),
  width: share(0.05, 0.2),
  height: share(0.05, 0.2),
});
const wildBox = fc.record({ left: share(-3, 3), top: share(-3, 3), width: share(0, 4), height: share(0, 4) });

describe('boxes', () => {
  it('overlap themselves wholly, and others the same from both sides', () => {
    fc.assert(
      fc.property(anyBox, anyBox, (a, b) => {
        expect(overlap(a, a)).toBeCloseTo(1, 9);
        expect(overlap(a, b)).toBeCloseTo(overlap(b, a), 12);
        expect(overlap(a, b)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('become whole pixels inside the picture, whatever they were', () => {
    const side = fc.integer({ min: 1, max: 500 });
    fc.assert(
      fc.property(wildBox, side, side, (box, width, height) => {
        const { x, y, w, h } = pixelBox(insidePicture(box), { width, height });
        expect([x, y, w, h].every(Number.isInteger)).toBe(true);
        expect(x >= 0 && y >= 0 && w >= 1 && h >= 1 && x + w <= width && y + h <= height).toBe(true);
      }),
    );
  });

  it('that are kept by non-maximum suppression overlap no surer one too much, and the surest is always kept', () => {
    const found = fc.array(fc.record({ box: anyBox, score: share(0, 1) }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(found, (candidates) => {
        const kept = suppress(candidates, { limit: 0.5, most: 10 });
        expect(kept[0]?.score).toBe(Math.max(...candidates.map(({ score }) => score)));
        expect(kept.length).toBeLessThanOrEqual(10);
        for (const [i, one] of kept.entries()) {
          for (const other of kept.slice(0, i)) expect(overlap(one.box, other.box)).toBeLessThanOrEqual(0.5);
        }
      }),
    );
  });
});

describe('numbers in half their size', () => {
  it('differ by less than 0.4 %, and stay as they are the second time', () => {
    fc.assert(
      fc.property(
        fc.float32Array({ noNaN: true, noDefaultInfinity: true, max: Math.fround(1e30), min: Math.fround(-1e30) }),
        (values) => {
          const once = fromHalves(toHalves(values));
          for (const [i, value] of values.entries()) {
            expect(Math.abs((once[i] ?? 0) - value)).toBeLessThanOrEqual(Math.abs(value) * 0.004 + 1e-37);
          }
          expect(fromHalves(toHalves(once))).toEqual(once);
        },
      ),
    );
  });
});

describe('a bounded cache', () => {
  it('gives back what it got, and lets the oldest give way', () => {
    const cache = new BoundedCache(new DatabaseSync(':memory:'), { table: 'things', mostBytes: 1000 });
    for (let i = 0; i < 30; i += 1) cache.put(`k${i}`, new Uint8Array(100).fill(i));
    expect(cache.get('k29')).toEqual(new Uint8Array(100).fill(29));
    expect(cache.has('k0')).toBe(false);
    const kept = Array.from({ length: 30 }, (_, i) => cache.has(`k${i}`)).filter((has) => has).length;
    expect(kept).toBeGreaterThan(5);
    expect(kept).toBeLessThanOrEqual(10);
  });
});

describe('the places to learn from', () => {
  const frame = { wide: PLACES, high: PLACES / 2 };

  it('lie in the picture, hold a middle of every object, and are no more than asked for', () => {
    fc.assert(
      fc.property(fc.array(anyBox, { minLength: 1, maxLength: 6 }), fc.nat(), (boxes, seed) => {
        const truths = boxes.map((box, label) => ({ box, label }));
        const choices = choosePlaces({ frame, truths }, { most: 400, random: randomNumbers(seed) });
        expect(choices.every(({ place }) => Math.floor(place / PLACES) < PLACES / 2)).toBe(true);
        expect(choices.length).toBeLessThanOrEqual(400);
        const [smallest] = truths.toSorted((a, b) => a.box.width * a.box.height - b.box.width * b.box.height);
        expect(choices.some(({ truth }) => truth === smallest)).toBe(true);
      }),
    );
  });
});

describe('folds of pictures', () => {
  it('keep groups whole and are about equally large', () => {
    const pictures = Array.from({ length: 40 }, (_, i) => ({ group: `g${i % 20}`, truths: [1, 2, 3] }));
    const folds = pictureFolds(pictures, { folds: 2, seed: 1 });
    for (const [i, fold] of folds.entries()) expect(fold).toBe(folds[i % 20]);
    expect(folds.filter((fold) => fold === 0)).toHaveLength(20);
  });

  it('are dealt from three thousand pictures at most, with the rarest class among them', () => {
    const pictures = Array.from({ length: 5000 }, (_, i) => ({
      group: `${i}`,
      truths: [{ label: i === 4321 ? 1 : 0 }],
    }));
    const chosen = learnable(pictures, 1);
    expect(chosen).toHaveLength(3000);
    expect(chosen).toContain(pictures[4321]);
    expect(learnable(pictures, 1)).toEqual(chosen);
  });
});

describe('confidences', () => {
  it('are calibrated on evidence, and stay as they were without any', async () => {
    const pause = () => Promise.resolve();
    const start = firstBlend(2);
    expect(await fitBlend([], { start, pause })).toEqual(start);
    // Whatever the inputs say, one in four is right.
    const evidence = Array.from({ length: 4000 }, (_, i) => ({ inputs: [2, 1, 0] as const, right: i % 4 === 0 }));
    const { object, crop, bias } = await fitBlend(evidence, { start, pause });
    expect(1 / (1 + Math.exp(-(object * 2 + crop + bias)))).toBeCloseTo(0.25, 2);
  });
});

describe('hasLearntNothing', () => {
  const box = (left: number): Box => ({ left, top: 0.1, width: 0.2, height: 0.2 });
  const truths = Array.from({ length: 40 }, (_, i) => [{ label: i % 2, box: box((i % 4) / 5) }]);
  const answers = (right: (i: number) => boolean) =>
    truths.map((own, i) =>
      own.map(({ label, box: at }) => ({ box: at, label: right(i) ? label : 1 - label, confidence: 1 })),
    );

  it('is false for a detector that finds what is there', () => {
    expect(hasLearntNothing({ found: answers(() => true), truths })).toBe(false);
  });

  it('is true for one that answers the same whatever the picture, and for one that answers nothing', () => {
    const same = truths.map(() => [{ box: box(0), label: 0, confidence: 1 }]);
    expect(hasLearntNothing({ found: same, truths })).toBe(true);
    expect(hasLearntNothing({ found: truths.map(() => []), truths })).toBe(true);
  });

  it('is false with fewer than thirty objects, however bad', () => {
    expect(hasLearntNothing({ found: truths.slice(0, 29).map(() => []), truths: truths.slice(0, 29) })).toBe(false);
  });
});

describe('the slopes of a place head', () => {
  it('are those of the loss, by finite differences', async () => {
    const kernels = await DetectionKernels.open({ threads: 1 });
    const random = randomNumbers(3);
    const list = (length: number, scale = 1) => Float32Array.from({ length }, () => (random() - 0.5) * scale);
    const size = { features: 5, hidden: 4, classes: 3 };
    const shapes = partShapes(size);
    const numbers = byPart((part) => list(shapes[part][0] * shapes[part][1], 2));
    const batch: PlaceBatch = {
      data: list(10 * 5, 2),
      count: 10,
      isObject: Float32Array.from({ length: 10 }, (_, i) => i % 2),
      objectShares: new Float32Array(10).fill(0.1),
      isClass: Float32Array.from({ length: 30 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0)),
      trueSides: list(40, 0.1),
      shares: Float32Array.from({ length: 10 }, (_, i) => (i % 2) * 0.2),
      // Sides have a loss of their own kind; their slope is compared below.
      sideShares: new Float32Array(10),
    };
    const loss = async (head: PlaceHead) => {
      const { object, classes } = await kernels.outputs(batch, head);
      let sum = 0;
      for (let i = 0; i < 10; i += 1) {
        const p = object[i] ?? 0;
        sum -= 0.1 * Math.log(batch.isObject[i] === 1 ? p : 1 - p);
        sum -= (batch.shares[i] ?? 0) * Math.log(classes[i * 3 + (i % 3)] ?? 0);
      }
      return sum;
    };
    const slopes = await kernels.slopes(batch, { size, numbers });
    for (const part of ['wHidden', 'bHidden', 'wObject', 'bObject', 'wClass', 'bClass'] as const) {
      const at = (step: number) => {
        const moved = {
          ...numbers,
          [part]: numbers[part].map((value, i) => (i === 1 || numbers[part].length === 1 ? value + step : value)),
        };
        return loss({ size, numbers: moved });
      };
      const difference = ((await at(1e-2)) - (await at(-1e-2))) / 2e-2;
      expect(slopes[part][numbers[part].length === 1 ? 0 : 1]).toBeCloseTo(difference, 3);
    }
    expect(slopes.wSides.every((value) => value === 0)).toBe(true);
    const sided = await kernels.slopes({ ...batch, sideShares: batch.shares }, { size, numbers });
    // Every error is bounded, so the slope of a bias is at most its share of that bound.
    expect(Math.max(...sided.bSides.map(Math.abs))).toBeLessThanOrEqual(0.1 + 1e-6);
    expect(sided.bSides.some((value) => value !== 0)).toBe(true);
    await kernels.close();
  });
});

describe('trainDetector', () => {
  let kernels: DetectionKernels;
  let scenes: ShapeScene[];
  beforeAll(async () => {
    kernels = await DetectionKernels.open({ threads: 1 });
    scenes = await shapeScenes(14, 21);
  });
  afterAll(() => kernels.close());

  async function picturesOf(of: readonly ShapeScene[]) {
    const backbone = await loadBackbone('classical', { threads: 1 });
    const db = new DatabaseSync(':memory:');
    const caches = {
      maps: new BoundedCache(db, { table: 'maps', mostBytes: 1e9 }),
      crops: new BoundedCache(db, { table: 'crops', mostBytes: 1e9 }),
    };
    return of.map(({ image, objects }) => {
      const sha256 = sha256Of(image);
      const truths = objects.map(({ className, box: [left, top, width, height] }) => {
        return { label: SHAPE_CLASSES.indexOf(className), box: { left, top, width, height } };
      });
      return {
        ...sightOf({ sha256, read: () => Promise.resolve(image) }, { backbone, ...caches }),
        truths,
        group: sha256,
      };
    });
  }

  async function train(of: readonly ShapeScene[], more: Partial<Parameters<typeof trainDetector>[0]> = {}) {
    const request = { kind: 'Generic-Detector', classes: SHAPE_CLASSES, seed: 1, threads: 1 } as const;
    return trainDetector({ ...request, pictures: await picturesOf(of), affordable: () => true, ...more });
  }

  it('learns shapes from few pictures, and equal requests give equal detectors that survive as bytes', async () => {
    const first = await train(scenes.slice(0, 10));
    const second = await train(scenes.slice(0, 10));
    const bytes = serialiseDetector(first.detector);
    expect(serialiseDetector(second.detector)).toEqual(bytes);
    expect(serialiseDetector(deserialiseDetector(bytes))).toEqual(bytes);
    expect(first.finite).toBe(true);
    const held = await picturesOf(scenes.slice(10));
    const found = [];
    for (const picture of held) found.push(findings(await detect(deserialiseDetector(bytes), picture, kernels)));
    const truths = held.map((picture) => picture.truths);
    expect(measure(found, truths, SHAPE_CLASSES).meanAveragePrecision50).toBeGreaterThan(0.7);
  });

  it('holds nothing out when there is one picture, and still finds what it saw', async () => {
    const { detector, holdOut } = await train(scenes.slice(0, 1));
    expect(holdOut).toBeUndefined();
    const [picture] = await picturesOf(scenes.slice(0, 1));
    if (picture === undefined) throw new Error('There is a picture');
    const [surest] = findings(await detect(detector, picture, kernels));
    expect(
      Math.max(...picture.truths.map(({ box }) => (surest === undefined ? 0 : overlap(box, surest.box)))),
    ).toBeGreaterThan(0.5);
  });

  it('stops between steps when it is told to', async () => {
    const controller = new AbortController();
    let steps = 0;
    const onProgress = () => {
      steps += 1;
      if (steps === 60) controller.abort(new Error('enough'));
    };
    await expect(train(scenes.slice(0, 4), { signal: controller.signal, onProgress })).rejects.toThrow('enough');
    expect(steps).toBe(60);
  });

  it('takes the first recipes when the budget is used up', async () => {
    const { detector } = await train(await shapeScenes(50, 4), { affordable: () => false });
    expect(detector.recipe).toContain('128 hidden units, 500 steps, weight decay 0.5');
  });

  it('is exported as graphs that give the same numbers', async () => {
    const { detector } = await train(scenes.slice(0, 6));
    const backbone = { name: 'classical', hash: 'x', side: 64, cropSide: 64, preprocessing: 'none' };
    const files = exportDetector({ detector, performance: { tagPerformance: {} }, backbone });
    expect(files.map(({ name }) => name)).toEqual([
      'places.onnx',
      'crops.onnx',
      'labels.json',
      'metrics.json',
      'model.json',
    ]);
    const [picture] = await picturesOf(scenes.slice(0, 1));
    const maps = await picture?.maps();
    if (maps === undefined) throw new Error('There are maps');
    const session = await InferenceSession.create(files[0]?.bytes ?? new Uint8Array());
    const half = PLACES / 2;
    const { object, sides } = await session.run({
      fine: new Tensor('float32', maps.fine, [1, maps.fine.length / PLACES ** 2, PLACES, PLACES]),
      coarse: new Tensor('float32', maps.coarse, [1, maps.coarse.length / half ** 2, half, half]),
    });
    const expected = await kernels.outputs(await kernels.placeRows(maps), detector.places);
    const largestMiss = (a: unknown, b: Float32Array) =>
      a instanceof Float32Array ? Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? 0)))) : 1;
    // Constants let the runtime reorder sums.
    expect(largestMiss(object?.data, expected.object)).toBeLessThan(1e-3);
    expect(largestMiss(sides?.data, expected.sides)).toBeLessThan(1e-2);
    await session.release();
  });
});
