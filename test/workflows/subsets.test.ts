import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { decide } from '../../decide/decide.ts';
import { RoundDrawSchema, RoundRecordSchema, SubsetsFileSchema } from '../../loop/files.ts';
import type { DecisionInput } from '../../loop/round.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { createVisionService } from '../../vision-service/server.ts';
import { progress, resolve, stop } from '../../workflows/messages.ts';
import { type FaultyProxy, holdTraining } from '../support/proxy.ts';
import { profiles, type Rig, type Started, start } from '../support/rig.ts';
import { billed } from '../support/service-records.ts';
import { type Sources, troubledRig } from '../support/sources.ts';
import { until } from '../support/watching.ts';

let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;
let close: () => Promise<void>;
const taskQueue = 'subsets';

beforeAll(async () => {
  ({ rig, proxy, sources, close } = await troubledRig(taskQueue));
});

afterAll(() => close());

/** A loop that neither claims nor gives up, so that its rounds end at the caps. */
function spec(name: string, more: Partial<LoopSpecInput> = {}): LoopSpecInput {
  return {
    name,
    ...sources,
    imagesPerClass: 8,
    target: 1,
    claim: 'lower-bound',
    patience: 9,
    forecast: { confidence: 1, giveUp: 0 },
    caps: { rounds: 1 },
    ...more,
  };
}

const begin = (more: LoopSpecInput) => start(rig, { taskQueue, spec: more });
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

async function read<T>({ folder }: Pick<Started, 'folder'>, file: string, schema: z.ZodType<T>): Promise<T> {
  return schema.parse(await folder.readJson(`rounds/${file}`));
}

const CocoSchema = z.object({ images: z.array(z.object({ file_name: z.string() })) });
const inputOf = async (loop: Started, round: number) =>
  (await read(loop, `${round}/decision.json`, z.object({ input: z.custom<DecisionInput>() }))).input;

async function filesIn(loop: Started, file: string): Promise<string[]> {
  return (await read(loop, file, CocoSchema)).images.map(({ file_name: name }) => name);
}

describe('a first round under the forecast', () => {
  it('also trains a quarter and a half of its images: two points that cost minutes and no images', async () => {
    const loop = await begin(spec('parts', { caps: { rounds: 2 }, prices: { image: 0.5, trainingHour: 2 } }));
    const result = await loop.handle.result();
    expect(result).toMatchObject({ outcome: 'round-limit', rounds: 2 });

    const [quarter, half, whole] = await Promise.all(
      ['1/subset-25/coco.json', '1/subset-50/coco.json', '1/coco.json'].map((file) => filesIn(loop, file)),
    );
    expect([quarter, half, whole].map((names) => names?.length)).toEqual([6, 12, 24]);
    expect(half).toEqual(expect.arrayContaining(quarter ?? []));
    expect(whole).toEqual(expect.arrayContaining(half ?? []));
    for (const file of ['training-1', 'evaluation-1', 'verdicts-1'])
      for (const part of ['subset-25/', 'subset-50/', ''])
        expect(await loop.folder.readJson(`rounds/1/${part}${file}.json`), `${part}${file}`).toBeDefined();

    const { points, notes } = await read(loop, '1/subsets.json', SubsetsFileSchema);
    expect(notes).toEqual([]);
    const models = await billed(rig, 'parts');
    const first = models.filter(({ name }) => name.startsWith('parts-r1-'));
    expect(first).toHaveLength(3);
    expect(new Set(first.map(({ name }) => name.split('-')[2])).size).toBe(3);
    const record = await read(loop, '1/record.json', RoundRecordSchema);
    expect(record).toMatchObject({
      images: 24,
      newImages: 24,
      billedMinutes: sum(first.map(({ minutes }) => minutes)),
    });
    expect(result.billedMinutes).toBe(sum(models.map(({ minutes }) => minutes)));
    expect(points.map(({ model }) => model)).not.toContain(record.model);

    const input = await inputOf(loop, 1);
    expect(input.subsets).toMatchObject([
      { share: 0.25, images: 6, metric: points[0]?.metric, verdicts: expect.stringMatching(/^[01]{30}$/) },
      { share: 0.5, images: 12, metric: points[1]?.metric, verdicts: expect.stringMatching(/^[01]{30}$/) },
    ]);
    expect(input.caps).toMatchObject({
      roundMinutes: record.billedMinutes - sum(points.map(({ billedMinutes }) => billedMinutes)),
      settledMinutes: record.billedMinutes,
      available: 12,
    });
    expect(input.settings).toMatchObject({
      policy: 'forecast',
      delta: { kind: 'forecast' },
      classRatio: 2,
      forecast: { confidence: 1, giveUp: 0, seed: 1, looks: 'shared', prices: { image: 0.5, trainingHour: 2 } },
    });
    expect(input.history[0]?.perClass).toEqual({ red: 8, green: 8, blue: 8 });
    const performance = expect.objectContaining({ images: 10, value: expect.any(Number) });
    expect(input.performance).toEqual({ red: performance, green: performance, blue: performance });
  });

  it('counts no image twice, and later rounds decide with the same two points', async () => {
    const loop = await begin(spec('later', { caps: { rounds: 2 } }));
    const result = await loop.handle.result();
    const draws = await Promise.all([1, 2].map((round) => read(loop, `${round}/draw.json`, RoundDrawSchema)));
    const drawn = draws.flatMap(({ images }) => images.map(({ sha256 }) => sha256));
    expect(new Set(drawn).size).toBe(drawn.length);
    expect(result.images).toBe(drawn.length);
    const [first, second] = [await inputOf(loop, 1), await inputOf(loop, 2)];
    expect(second.subsets).toEqual(first.subsets);
    expect(second.history.map(({ images }) => images)).toEqual([24, drawn.length]);
    expect(second.history[0]?.perClass).toEqual(first.perClass);
    expect(second.caps.available).toBe(36 - drawn.length);
    const { decision } = await read(loop, '2/decision.json', z.object({ decision: z.unknown() }));
    expect(decide(second)).toEqual(decision);
  });

  it.each([
    [
      'with fewer than eight images of a class',
      { imagesPerClass: 7 },
      'which takes 8 images per class, and its smallest class has 7',
    ],
    [
      'whose budget does not hold them beside the whole',
      { caps: { hours: 2, rounds: 1 } },
      'takes 2 compute hours beside the 1',
    ],
    ['without an evaluation set', { evaluation: undefined }, 'without an evaluation set'],
  ])('%s trains no parts, and says so', async (why, changes, sentence) => {
    const name = `no-parts-${why.length}`;
    const { evaluation: set, ...rest } = { ...spec(name), ...changes };
    const loop = await begin({ ...rest, ...(set ? { evaluation: set } : {}) });
    await loop.handle.result();
    expect((await loop.handle.query(progress)).warnings.join()).toContain(sentence);
    expect(await read(loop, '1/subsets.json', SubsetsFileSchema)).toMatchObject({
      points: [],
      notes: [expect.stringContaining(sentence)],
    });
    expect(await billed(rig, name)).toHaveLength(1);
    expect(await inputOf(loop, 1)).not.toHaveProperty('subsets');
  });

  it('goes on without a part whose training diverges', async () => {
    const key = randomUUID();
    const faulty = await createVisionService({
      home: join(rig.home, 'faulty'),
      key,
      backbone: 'classical',
      port: 0,
      threads: 1,
      log: pino({ level: 'silent' }),
      allowedRoots: [rig.home],
      faults: [{ times: 1, fault: { kind: 'failure', of: 'training', code: 'diverged' } }],
    });
    const stopThese = await rig.work('diverging', profiles({ url: faulty.url, key }));
    const loop = await start(rig, { taskQueue: 'diverging', spec: spec('diverging') });
    expect(await loop.handle.result()).toMatchObject({ rounds: 1, images: 24 });
    const { points, notes } = await read(loop, '1/subsets.json', SubsetsFileSchema);
    expect(points).toMatchObject([{ share: 0.5, images: 12 }]);
    expect(notes).toEqual([
      'The training on 6 images, a quarter of round 1, learned nothing (diverged); the forecast does without it.',
    ]);
    expect((await inputOf(loop, 1)).subsets).toMatchObject([{ share: 0.5 }]);
    await stopThese();
    await faulty.close();
  });
});

describe('a round by thresholds', () => {
  it('trains no parts and says nothing of them', async () => {
    const loop = await begin(spec('plain', { policy: 'thresholds' }));
    await loop.handle.result();
    expect((await loop.handle.query(progress)).warnings.join()).not.toContain('parts');
    expect(await loop.folder.readJson('rounds/1/subsets.json')).toBeUndefined();
    expect(await billed(rig, 'plain')).toHaveLength(1);
    expect((await inputOf(loop, 1)).settings).toMatchObject({ policy: 'thresholds', delta: { factor: 1.6 } });
  });
});

describe('while a part is trained', () => {
  it('what an operator can mend waits for an answer, and the part is trained after it', async () => {
    proxy.rule(({ method, path }) =>
      method === 'PUT' && path.includes('/models/asked-r1') ? { status: 401, code: '401' } : null,
    );
    const loop = await begin(spec('asked'));
    const seen = await until(loop.handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.attention).toMatchObject({ type: 'ServiceUnauthorized', step: 'train', round: 1 });
    proxy.rule(null);
    await loop.handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'a tester' }] });
    await loop.handle.result();
    expect((await inputOf(loop, 1)).subsets).toHaveLength(2);
    expect((await billed(rig, 'asked')).map(({ name }) => name.slice(-2))).toEqual(['-1', '-1', '-1']);
  });

  it('a lost training may use up the room of the next part, never that of the round itself', async () => {
    proxy.rule(({ method, path }) =>
      method === 'GET' && /\/models\/tight-r1-[0-9a-f]+-1$/.test(path) ? { status: 404, code: 'NotFound' } : null,
    );
    const loop = await begin(spec('tight', { caps: { hours: 3, rounds: 1 } }));
    const seen = await until(loop.handle, ({ phase }) => phase === 'needs-attention');
    expect(seen).toMatchObject({ attention: { type: 'ModelGone' }, budget: { settledMinutes: 60 } });
    proxy.rule(null);
    await loop.handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    const result = await loop.handle.result();
    expect(result.rounds).toBe(1);
    expect(result.billedMinutes).toBeLessThanOrEqual(180);
    const { points, notes } = await read(loop, '1/subsets.json', SubsetsFileSchema);
    expect(points).toMatchObject([{ share: 0.25, model: expect.stringMatching(/-2$/) }]);
    expect(notes).toEqual([
      'The training on 12 images, half of round 1, had no room left in the budget beside the whole round; the forecast does without it.',
    ]);
    const record = await read(loop, '1/record.json', RoundRecordSchema);
    expect(record).toMatchObject({ images: 24, metric: expect.any(Number), billedMinutes: result.billedMinutes });
  });

  it('stop --now cancels and settles it, and nothing is trained after it', async () => {
    const release = holdTraining(proxy, 'halted');
    const { handle } = await begin(spec('halted'));
    const seen = await until(handle, ({ phase }) => phase === 'training');
    expect(seen.state).toMatch(
      /^Round 1: Training model halted-r1-\w+-1 on 6 images, a quarter of round 1, for up to 1 h/,
    );
    await handle.executeUpdate(stop, { args: [{ now: true, by: 'a tester' }] });
    release();
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'stopped', rounds: 0, images: 24, recommended: null });
    const models = await billed(rig, 'halted');
    expect(models.length).toBeLessThanOrEqual(1);
    expect(result.billedMinutes).toBe(sum(models.map(({ minutes }) => minutes)));
  });

  it('the loop’s deadline lets it end and be paid, and begins nothing more', async () => {
    const release = holdTraining(proxy, 'overdue');
    const deadline = Date.now() + 6000;
    const { handle } = await start(rig, { taskQueue, spec: spec('overdue'), deadline });
    await until(handle, ({ phase }) => phase === 'training');
    await until(handle, () => Date.now() > deadline);
    release();
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'deadline', rounds: 0, images: 24 });
    expect(await billed(rig, 'overdue')).toMatchObject([{ status: 'succeeded', minutes: result.billedMinutes }]);
  });
});
