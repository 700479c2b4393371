import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Box } from '../../loop/detection-metric.ts';
import { classificationPerformance, topKAccuracy } from '../../vision-service/metrics/classification.ts';
import { detectionPerformance } from '../../vision-service/metrics/detection.ts';

// What the package vision-evaluation reported for random cases; test/fixtures/vision-evaluation/generate.py says how.

const BoxSchema = z.number().array().length(4);
const DetectionCaseSchema = z.object({
  kind: z.string(),
  classes: z.number(),
  truths: z.array(z.array(z.tuple([z.number()]).rest(z.number()))),
  found: z.array(z.array(z.tuple([z.number(), z.number()]).rest(z.number()))),
  map30: z.number(),
  map50: z.number(),
  map75: z.number(),
  ap50: z.record(z.string(), z.number()),
});
type DetectionCase = z.infer<typeof DetectionCaseSchema>;

const ClassificationCaseSchema = z.object({
  kind: z.string(),
  labels: z.array(z.number()),
  scores: z.array(z.array(z.number())),
  top: z.record(z.string(), z.number().nullable()),
  ap: z.number(),
  ece: z.number(),
  tag: z.array(z.number()),
});
type ClassificationCase = z.infer<typeof ClassificationCaseSchema>;

const detections = recorded('detection.json', DetectionCaseSchema);
const classifications = recorded('classification.json', ClassificationCaseSchema);

describe('the metrics of a detector', () => {
  it.each(kindsOf(detections))('equal those of the package: %s', (kind) => {
    const cases = detections.filter((one) => one.kind === kind);
    for (const one of cases) expectDetection(one, [...one.truths.keys()]);
    expect(cases.length).toBeGreaterThanOrEqual(10);
  });

  it('equal those of the package in whatever order the images come', () => {
    fc.assert(fc.property(reordered(detections), ({ one, order }) => expectDetection(one, order)));
  });
});

describe('the metrics of a classifier', () => {
  it.each(kindsOf(classifications))('equal those of the package: %s', (kind) => {
    const cases = classifications.filter((one) => one.kind === kind);
    for (const one of cases) expectClassification(one, [...one.labels.keys()]);
    expect(cases.length).toBeGreaterThanOrEqual(10);
  });

  it('equal those of the package in whatever order the images come', () => {
    fc.assert(fc.property(reordered(classifications), ({ one, order }) => expectClassification(one, order)));
  });
});

function expectDetection(one: DetectionCase, order: readonly number[]): void {
  const names = Array.from({ length: one.classes }, (_, label) => `class ${label}`);
  const performance = detectionPerformance(
    order.map((image) => (one.found[image] ?? []).map(([label, score, ...box]) => ({ label, score, box: toBox(box) }))),
    order.map((image) => (one.truths[image] ?? []).map(([label, ...box]) => ({ label, box: toBox(box) }))),
    names,
  );
  expect(performance.meanAveragePrecision30).toBeCloseTo(one.map30, 9);
  expect(performance.meanAveragePrecision50).toBeCloseTo(one.map50, 9);
  expect(performance.meanAveragePrecision75).toBeCloseTo(one.map75, 9);
  expect(Object.keys(performance.tagPerformance)).toEqual(Object.keys(one.ap50).map((label) => `class ${label}`));
  for (const [label, precision] of Object.entries(one.ap50)) {
    expect(performance.tagPerformance[`class ${label}`]?.averagePrecision50).toBeCloseTo(precision, 9);
  }
}

function expectClassification(one: ClassificationCase, order: readonly number[]): void {
  const scores = order.map((image) => one.scores[image] ?? []);
  const labels = order.map((image) => one.labels[image] ?? -1);
  const names = one.tag.map((_, label) => `class ${label}`);
  const performance = classificationPerformance(scores, labels, names);
  expect(performance.averagePrecision).toBeCloseTo(one.ap, 9);
  expect(performance.calibrationECE).toBeCloseTo(one.ece, 9);
  for (const [k, share] of Object.entries(one.top)) {
    if (share !== null) expect(topKAccuracy(scores, labels, Number(k))).toBeCloseTo(share, 9);
  }
  for (const [label, recall] of one.tag.entries()) {
    expect(performance.tagPerformance[`class ${label}`]?.accuracy).toBeCloseTo(recall, 9);
  }
}

function recorded<T>(name: string, schema: z.ZodType<T>): T[] {
  const file = new URL(`../fixtures/vision-evaluation/${name}`, import.meta.url);
  return z.object({ cases: z.array(schema) }).parse(JSON.parse(readFileSync(file, 'utf8'))).cases;
}

function kindsOf(cases: readonly { kind: string }[]): string[] {
  return [...new Set(cases.map(({ kind }) => kind))];
}

/** A recorded case with its images in any order. */
function reordered<T extends { scores: unknown[] } | { truths: unknown[] }>(cases: readonly T[]) {
  return fc.constantFrom(...cases).chain((one) => {
    const images = [...('scores' in one ? one.scores : one.truths).keys()];
    return fc
      .shuffledSubarray(images, { minLength: images.length, maxLength: images.length })
      .map((order) => ({ one, order }));
  });
}

function toBox(sides: number[]): Box {
  const [left = 0, top = 0, width = 0, height = 0] = BoxSchema.parse(sides);
  return [left, top, width, height];
}
