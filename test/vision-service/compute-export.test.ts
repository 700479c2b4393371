import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { predictScores, type TrainedClassifier } from '../../vision-service/training/classifier.ts';
import { type ExportedFile, exportClassifier } from '../../vision-service/training/export-classifier.ts';
import { trainClassifier } from '../../vision-service/training/train-classifier.ts';
import { clusters } from './compute-fixtures.ts';

const BACKBONE = { name: 'classical', hash: 'abc', side: 64, preprocessing: 'RGB on white, stretched' };
const PERFORMANCE = { accuracyTop1: 0.5, tagPerformance: {} };

function exported(classifier: TrainedClassifier): Map<string, Uint8Array> {
  const files: ExportedFile[] = exportClassifier({ classifier, performance: PERFORMANCE, backbone: BACKBONE });
  return new Map(files.map(({ name, bytes }) => [name, bytes]));
}

async function probabilities(head: Uint8Array, features: readonly Float32Array[]): Promise<Float32Array[]> {
  const session = await InferenceSession.create(head);
  const dimensions = features[0]?.length ?? 0;
  const data = Float32Array.from(features.flatMap((feature) => [...feature]));
  const outputs = await session.run({ features: new Tensor('float32', data, [features.length, dimensions]) });
  const values = z.instanceof(Float32Array).parse(outputs['probabilities']?.data);
  await session.release();
  const classes = values.length / features.length;
  return features.map((_, i) => values.slice(i * classes, (i + 1) * classes));
}

function furthest(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  return Math.max(...a.flatMap((row, i) => [...row].map((value, c) => Math.abs(value - (b[i]?.[c] ?? Number.NaN)))));
}

describe('an exported classifier', () => {
  it.each([
    ['features that are not negative', { classes: 4, perClass: 8, dimensions: 100 }],
    ['features of both signs', { classes: 3, perClass: 8, dimensions: 60, signed: true }],
    ['more images than dimensions', { classes: 2, perClass: 40, dimensions: 30 }],
  ])('gives in onnxruntime what the service predicts, for %s', async (_, shape) => {
    const data = clusters({ ...shape, seed: 21 });
    const { classifier } = await trainClassifier({ ...data, seed: 1, budgetMs: 60_000 });
    const head = exported(classifier).get('head.onnx') ?? new Uint8Array();
    const unseen = clusters({ ...shape, seed: 22 }).features;
    const features = [...data.features, ...unseen, new Float32Array(shape.dimensions)];
    expect(furthest(await probabilities(head, features), predictScores(classifier, features))).toBeLessThan(1e-5);
  });

  it('gives what the service predicts whatever the head', async () => {
    const entry = fc.integer({ min: -30, max: 30 }).map((tenths) => tenths / 10);
    const vector = fc.array(entry, { minLength: 5, maxLength: 5 }).map((values) => Float64Array.from(values));
    const model = fc.record({
      weights: fc.array(vector, { minLength: 2, maxLength: 4 }),
      mean: vector,
      cubeRoot: fc.boolean(),
      temperature: fc.double({ min: 0.5, max: 5, noNaN: true }),
      features: fc.array(
        vector.map((values) => Float32Array.from(values)),
        { minLength: 1, maxLength: 4 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(model, async ({ weights, mean, cubeRoot, temperature, features }) => {
        const classifier: TrainedClassifier = {
          classes: weights.map((_, c) => `class ${c}`),
          recipe: 'any',
          search: { tried: 0, ended: 'nothing improved', skipped: [] },
          transform: { cubeRoot, mean },
          head: { weights, biases: new Float64Array(weights.length) },
          temperature,
        };
        const head = exported(classifier).get('head.onnx') ?? new Uint8Array();
        expect(furthest(await probabilities(head, features), predictScores(classifier, features))).toBeLessThan(1e-5);
      }),
      { numRuns: 40 },
    );
  });

  it('tells its labels, what was measured, and which features it takes', async () => {
    const data = clusters({ classes: 2, perClass: 4, dimensions: 10, seed: 5 });
    const { classifier } = await trainClassifier({ ...data, seed: 1, budgetMs: 60_000 });
    const files = exported(classifier);
    const json = (name: string): unknown => JSON.parse(Buffer.from(files.get(name) ?? []).toString('utf8'));
    expect([...files.keys()]).toEqual(['head.onnx', 'labels.json', 'metrics.json', 'model.json']);
    expect(json('labels.json')).toEqual(['class 0', 'class 1']);
    expect(json('metrics.json')).toEqual(PERFORMANCE);
    expect(json('model.json')).toMatchObject({
      backbone: { ...BACKBONE, dimensions: 10 },
      head: { file: 'head.onnx', input: 'features', output: 'probabilities', recipe: classifier.recipe },
    });
  });

  it('has no metrics when nothing was measured', async () => {
    const data = clusters({ classes: 2, perClass: 1, dimensions: 10, seed: 5 });
    const { classifier } = await trainClassifier({ ...data, seed: 1, budgetMs: 60_000 });
    const names = exportClassifier({ classifier, performance: undefined, backbone: BACKBONE }).map(({ name }) => name);
    expect(names).toEqual(['head.onnx', 'labels.json', 'model.json']);
  });
});
