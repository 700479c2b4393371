import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topKAccuracy } from '../../vision-service/metrics/classification.ts';
import { deserialiseClassifier, predictScores, serialiseClassifier } from '../../vision-service/training/classifier.ts';
import { assignFolds } from '../../vision-service/training/folds.ts';
import { trainClassifier } from '../../vision-service/training/train-classifier.ts';
import { clusters } from './compute-fixtures.ts';

const PLENTY_MS = 60_000;

function train(data: ReturnType<typeof clusters>, more: Partial<Parameters<typeof trainClassifier>[0]> = {}) {
  return trainClassifier({ ...data, seed: 7, budgetMs: PLENTY_MS, ...more });
}

describe('trainClassifier', () => {
  it.each([
    ['fewer images than dimensions', { classes: 4, perClass: 12, dimensions: 200 }],
    ['more images than dimensions', { classes: 3, perClass: 30, dimensions: 20 }],
    ['features of both signs', { classes: 4, perClass: 12, dimensions: 64, signed: true }],
  ])('learns classes that can be told apart from %s', async (_, shape) => {
    const data = clusters({ ...shape, seed: 3 });
    const { classifier, holdOut } = await train(data);
    expect(topKAccuracy(predictScores(classifier, data.features), data.labels, 1)).toBe(1);
    expect(holdOut.labels).toHaveLength(data.labels.length);
    expect(topKAccuracy(holdOut.scores, holdOut.labels, 1)).toBeGreaterThan(0.9);
  });

  it('is no better than chance on held-out images whose labels mean nothing', async () => {
    const data = clusters({ classes: 2, perClass: 40, dimensions: 100, seed: 5 });
    const { holdOut } = await train({ ...data, labels: data.labels.map((_, i) => i % 2) });
    expect(topKAccuracy(holdOut.scores, holdOut.labels, 1)).toBeLessThan(0.7);
  });

  it('gives probabilities that sum to 1', async () => {
    const data = clusters({ classes: 5, perClass: 4, dimensions: 30, seed: 1 });
    const { classifier, holdOut } = await train(data);
    for (const row of [...predictScores(classifier, data.features), ...holdOut.scores]) {
      expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    }
  });

  it('gives the same classifier for the same request', async () => {
    const data = clusters({ classes: 3, perClass: 10, dimensions: 50, seed: 2 });
    const [first, second] = [await train(data), await train(data)];
    expect(serialiseClassifier(second.classifier)).toEqual(serialiseClassifier(first.classifier));
    expect(second.holdOut).toEqual(first.holdOut);
  });

  it('trains with one image a class, and holds out nothing', async () => {
    const data = clusters({ classes: 3, perClass: 1, dimensions: 40, seed: 4 });
    const { classifier, holdOut } = await train(data);
    expect(topKAccuracy(predictScores(classifier, data.features), data.labels, 1)).toBe(1);
    expect(holdOut).toEqual({ scores: [], labels: [] });
  });

  it('never holds out the only image of a class', async () => {
    const data = clusters({ classes: 2, perClass: 6, dimensions: 40, seed: 4 });
    const lonely = { ...data, labels: [...data.labels.slice(0, -1), 2], classes: ['a', 'b', 'c'] };
    const { holdOut } = await train(lonely);
    expect(holdOut.labels).toHaveLength(11);
    expect(holdOut.labels).not.toContain(2);
  });

  it('works with a class that has no image: it never wins', async () => {
    const data = clusters({ classes: 2, perClass: 12, dimensions: 40, seed: 6 });
    const { classifier } = await train({ ...data, classes: ['a', 'b', 'never seen'] });
    expect(topKAccuracy(predictScores(classifier, data.features), data.labels, 1)).toBe(1);
  });

  it('stays finite with identical images, empty features and values that are no numbers', async () => {
    const data = clusters({ classes: 2, perClass: 12, dimensions: 60, seed: 8 });
    const [first = new Float32Array(60)] = data.features;
    const features = data.features.map((feature, i) => (i % 3 === 0 ? first : feature));
    const broken = [new Float32Array(60), new Float32Array(60).fill(Number.NaN), ...features.slice(2)];
    const { classifier } = await train({ ...data, features: broken });
    expect(predictScores(classifier, broken).every((row) => row.every(Number.isFinite))).toBe(true);
  });

  it('says after every recipe how many it has tried', async () => {
    const data = clusters({ classes: 2, perClass: 12, dimensions: 20, seed: 9 });
    const seen: number[] = [];
    const { classifier } = await train(data, { onProgress: (tried) => seen.push(tried) });
    expect(seen).toEqual(Array.from({ length: classifier.search.tried }, (_, i) => i + 1));
    expect(classifier.search).toMatchObject({ ended: 'nothing improved' });
    expect(seen.length).toBeGreaterThan(3);
  });

  it('stops when it is told to', async () => {
    const data = clusters({ classes: 2, perClass: 12, dimensions: 20, seed: 9 });
    const controller = new AbortController();
    const training = train(data, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(training).rejects.toThrow('enough');
  });

  it('names everything that does not fit together', async () => {
    const request = { features: [new Float32Array(2), new Float32Array(3)], labels: [5], classes: ['a'], groups: [] };
    await expect(trainClassifier({ ...request, seed: 1, budgetMs: 1 })).rejects.toThrow(
      'different lengths (2, 3); 1 labels for 2 images; 0 groups for 2 images; labels 5 are none of 1 classes',
    );
  });
});

describe('a classifier as bytes', () => {
  it('predicts the same after writing and reading', async () => {
    const data = clusters({ classes: 3, perClass: 5, dimensions: 30, seed: 11 });
    const { classifier } = await train(data);
    const read = deserialiseClassifier(serialiseClassifier(classifier));
    expect(read.classes).toEqual(classifier.classes);
    const [before, after] = [predictScores(classifier, data.features), predictScores(read, data.features)];
    for (const [i, row] of before.entries()) {
      for (const [c, score] of row.entries()) expect(after[i]?.[c]).toBeCloseTo(score, 4);
    }
  });

  it('is refused when it is cut short or something else', async () => {
    const data = clusters({ classes: 2, perClass: 2, dimensions: 10, seed: 12 });
    const bytes = serialiseClassifier((await train(data)).classifier);
    expect(() => deserialiseClassifier(bytes.subarray(0, bytes.length - 4))).toThrow('not whole');
    expect(() => deserialiseClassifier(Buffer.from('something else entirely'))).toThrow('no classifier');
    expect(() => deserialiseClassifier(Buffer.from('deltaloop-classifier-1\n{}'))).toThrow('another version');
  });
});

describe('assignFolds', () => {
  const request = fc.record({
    labels: fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 40 }),
    folds: fc.integer({ min: 2, max: 5 }),
    seed: fc.nat(),
  });

  it('deals every class evenly', () => {
    fc.assert(
      fc.property(request, ({ labels, folds, seed }) => {
        const assigned = assignFolds({ labels, folds, seed });
        for (const label of new Set(labels)) {
          const own = assigned.filter((_, i) => labels[i] === label);
          const sizes = Array.from({ length: folds }, (_, fold) => own.filter((value) => value === fold).length);
          if (own.length > 1) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
          else expect(own).toEqual([-1]);
        }
      }),
    );
  });

  it('keeps every group in one fold', () => {
    fc.assert(
      fc.property(request, ({ labels, folds, seed }) => {
        const groups = labels.map((label, i) => `${label}/${i % 5}`);
        const assigned = assignFolds({ labels, groups, folds, seed });
        for (const group of new Set(groups)) {
          expect(new Set(assigned.filter((_, i) => groups[i] === group)).size).toBe(1);
        }
      }),
    );
  });
});
