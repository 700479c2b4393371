import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { copyBatch } from '../../collect/submit.ts';
import { decide } from '../../decide/decide.ts';
import { readEmojiSplit } from '../../dev/emoji-data.ts';
import { composeScenes, writeScenes } from '../../dev/scenes.ts';
import {
  DetectionsFileSchema,
  ResampledFileSchema,
  RoundDrawSchema,
  RoundRecordSchema,
  SubsetsFileSchema,
} from '../../loop/files.ts';
import type { DecisionInput } from '../../loop/round.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { progress, stop, submitImages } from '../../workflows/messages.ts';
import { createRig, type Rig, start } from '../support/rig.ts';
import { until } from '../support/watching.ts';

const classes = ['face', 'food', 'country-flag'];
const taskQueue = 'detection';
let rig: Rig;
let stopWorkers: () => Promise<void>;
let pool: string;
let evaluation: string;
let photos: string;

/** Scenes of drawings of three groups; scenes of different sides share no glyph. */
async function scenes(side: 'pool' | 'evaluation', name: string, options: { count: number; seed: number }) {
  const split = await readEmojiSplit(1);
  const drawings = split[side].filter(({ className }) => classes.includes(className));
  return writeScenes(join(rig.home, 'sources', name), { scenes: await composeScenes(drawings, options), classes });
}

beforeAll(async () => {
  rig = await createRig();
  pool = await scenes('pool', 'pool', { count: 12, seed: 1 });
  evaluation = await scenes('evaluation', 'evaluation', { count: 8, seed: 1 });
  photos = await scenes('pool', 'photos', { count: 6, seed: 2 });
  stopWorkers = await rig.work(taskQueue);
}, 60_000);

afterAll(async () => {
  await stopWorkers();
  await rig.teardown();
});

function spec(name: string, more: Partial<LoopSpecInput> = {}): LoopSpecInput {
  return {
    name,
    task: 'detection',
    collector: { kind: 'pool', path: pool },
    evaluation: { path: evaluation },
    policy: 'thresholds',
    imagesPerClass: 2,
    ...more,
  };
}

describe('a loop that runs detectors', () => {
  it('draws, trains, measures, compares by bootstrap and recommends, and keeps what it did as files', async () => {
    const more = {
      target: 1,
      claim: 'lower-bound',
      patience: 9,
      delta: { kind: 'geometric', factor: 2 },
      caps: { rounds: 2 },
    } as const;
    const { handle, folder } = await start(rig, { spec: spec('finds', more), taskQueue });
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'round-limit', rounds: 2 });
    expect(result.sentence).toMatch(/with meanAveragePrecision50 0\.\d+ \(95 % interval/);

    const draws = await Promise.all(
      [1, 2].map(async (n) => RoundDrawSchema.parse(await folder.readJson(`rounds/${n}/draw.json`))),
    );
    const drawn = draws.flatMap(({ images }) => images);
    expect(drawn.length).toBe(result.images);
    expect(new Set(drawn.map(({ sha256 }) => sha256)).size).toBe(drawn.length);
    expect(draws[0]?.images.length).toBeLessThan(2 * classes.length);
    const coco = z
      .object({ images: z.array(z.unknown()), annotations: z.array(z.object({ bbox: z.array(z.number()) })) })
      .parse(await folder.readJson('rounds/2/coco.json'));
    expect(coco.images).toHaveLength(drawn.length);
    expect(coco.annotations).toHaveLength(drawn.flatMap(({ boxes = [] }) => boxes).length);
    expect(Math.max(...coco.annotations.flatMap(({ bbox }) => bbox))).toBeLessThanOrEqual(1);

    const detections = DetectionsFileSchema.parse(await folder.readJson('rounds/2/detections-1.json'));
    expect(detections.images).toHaveLength(8);
    expect(detections.images.every(({ found }) => found !== null)).toBe(true);
    for (const [, sure, ...box] of detections.images.flatMap(({ found }) => found ?? []))
      for (const value of [sure, ...box]) expect(value).toBeGreaterThanOrEqual(0);
    const resampled = ResampledFileSchema.parse(await folder.readJson('rounds/2/resampled-1.json'));
    expect(resampled.predicted).toBe('1'.repeat(8));

    const record = RoundRecordSchema.parse(await folder.readJson('rounds/2/record.json'));
    expect(record).toMatchObject({ images: result.images, comparedWith: 1 });
    expect(record.noise).not.toBeNull();
    const { input, decision } = (await folder.readJson('rounds/2/decision.json')) as {
      input: DecisionInput;
      decision: unknown;
    };
    expect(decide(input)).toEqual(decision);
    expect(JSON.stringify(decision)).toContain('paired bootstrap');
    expect(input.history[1]?.resampled?.against).toMatchObject([{ round: 1, kind: 'paired', predicted: 1 }]);

    const page = await readFile(folder.resolve('report.html'), 'utf8');
    for (const text of ['AP50', 'Found and missed', 'meanAveragePrecision50']) expect(page).toContain(text);
    const view = await handle.query(progress);
    expect(view.images).toBe(result.images);
    expect(view.classes.reduce((sum, { have }) => sum + have, 0)).toBeGreaterThan(view.images);
  }, 120_000);

  it('measures what its own predictions say: the service’s metric lies in the middle of the draws', async () => {
    const folder = rig.folder('finds');
    const { values } = ResampledFileSchema.parse(await folder.readJson('rounds/2/resampled-1.json'));
    const { metric } = RoundRecordSchema.parse(await folder.readJson('rounds/2/record.json'));
    const below = values.filter((value) => value < (metric ?? 0)).length / values.length;
    expect(below).toBeGreaterThan(0.1);
    expect(below).toBeLessThan(0.9);
  });

  it('keeps to the cap on images, each counted once', async () => {
    const more = { target: 1, claim: 'lower-bound', patience: 9, caps: { images: 3 } } as const;
    const { handle } = await start(rig, { spec: spec('capped', more), taskQueue });
    expect(await handle.result()).toMatchObject({ outcome: 'image-limit', images: 3, rounds: 1 });
  }, 120_000);

  it('trains parts of the first round under the forecast, each class keeping its share of the scenes that show it', async () => {
    const forecast = { confidence: 1, giveUp: 0 };
    const more = { policy: 'forecast', forecast, imagesPerClass: 8, target: 1, caps: { rounds: 1 } } as const;
    const large = await scenes('pool', 'large', { count: 24, seed: 3 });
    const collector = { kind: 'pool', path: large } as const;
    const { handle, folder } = await start(rig, { spec: spec('in-parts', { ...more, collector }), taskQueue });
    const result = await handle.result();
    const { points } = SubsetsFileSchema.parse(await folder.readJson('rounds/1/subsets.json'));
    expect(points).toMatchObject([{ share: 0.25 }, { share: 0.5 }]);
    const sizes = [...points.map(({ images }) => images), result.images];
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
    const { input } = z
      .object({ input: z.custom<DecisionInput>() })
      .parse(await folder.readJson('rounds/1/decision.json'));
    expect(input.subsets).toEqual(
      points.map(({ share, images, metric }) => ({ share, images, metric, verdicts: null })),
    );
    expect(Object.keys(input.performance ?? {}).sort()).toEqual([...classes].sort());
    expect(input.caps.available).toBe(24 - result.images);
    expect(await folder.readJson('rounds/1/subset-25/detections-1.json')).toBeUndefined();
  }, 120_000);

  it('takes COCO files from people, and tells images apart from what they show', async () => {
    const people = spec('handed-in', { classes, collector: { kind: 'people' }, caps: { rounds: 1 }, target: 1 });
    const { handle, folder } = await start(rig, { spec: people, taskQueue });
    await until(handle, ({ phase }) => phase === 'collecting');
    const { manifest, counts, images, findings } = await copyBatch(folder, photos, { classes, task: 'detection' });
    expect(findings).toEqual([]);
    expect(images).toBe(6);
    const answer = await handle.executeUpdate(submitImages, { args: [{ manifest, counts, images, by: 'a tester' }] });
    expect(answer.message).toMatch(/^6 images \(.* per class\) queued for round 1\.$/);
    const result = await handle.result();
    expect(result.outcome).toBe('round-limit');
    const draw = RoundDrawSchema.parse(await folder.readJson('rounds/1/draw.json'));
    expect(result.images).toBe(draw.images.length);
    expect(result.unusedImages).toBe(6 - draw.images.length);
  }, 120_000);

  it('is refused before anything is spent when its pool is a folder or holds pixels', async () => {
    const { handle } = await start(rig, {
      spec: spec('folder', { collector: { kind: 'pool', path: join(rig.home, 'sources') } }),
      taskQueue,
    });
    const view = await until(handle, ({ attention }) => attention !== null);
    expect(view.attention).toMatchObject({
      type: 'SourceUnreadable',
      message: expect.stringContaining('detection needs boxes'),
    });
    await handle.executeUpdate(stop, { args: [{}] });
    expect(await handle.result()).toMatchObject({ outcome: 'stopped', billedMinutes: 0 });
  });
});
