import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../decide/decide.ts';
import type { Decision, DecisionInput } from '../../loop/round.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { imageFolder } from '../support/images.ts';
import { createRig, type Rig, start } from '../support/rig.ts';
import { imageSources, type Sources } from '../support/sources.ts';

interface RecordedDecision {
  input: DecisionInput;
  decision: Decision;
}

let rig: Rig;
let stop: () => Promise<void>;
let sources: Sources;
const taskQueue = 'outcomes';

beforeAll(async () => {
  rig = await createRig();
  sources = await imageSources(rig, { pool: 30, evaluation: 20 });
  stop = await rig.work(taskQueue);
});

afterAll(async () => {
  await stop();
  await rig.teardown();
});

function spec(name: string, more: Partial<LoopSpecInput> = {}): LoopSpecInput {
  return {
    name,
    ...sources,
    policy: 'thresholds',
    imagesPerClass: 2,
    ...more,
  };
}

async function run(more: LoopSpecInput, options: { deadline?: number } = {}) {
  const started = await start(rig, { spec: more, taskQueue, ...options });
  return { ...started, result: await started.handle.result() };
}

describe('a loop over a pool', () => {
  it('stops as target-reached with the round’s model, and keeps everything it did as files', async () => {
    const { result, folder } = await run(spec('reached', { target: 0.5 }));
    expect(result).toMatchObject({ outcome: 'target-reached', loop: 'reached' });
    expect(result.recommended?.model).toMatch(/^reached-r\d+-[0-9a-f]{12}-1$/);
    expect(result.sentence).toContain('Target 0.50 reached');
    expect(await folder.readJson('outcome.json')).toEqual(result);
    for (const file of ['draw', 'coco', 'decision', 'record', 'training-1', 'evaluation-1', 'verdicts-1']) {
      expect(await folder.readJson(`rounds/1/${file}.json`), file).toBeDefined();
    }
  });

  it('stops as good-enough without a target once more images stop helping', async () => {
    const { result } = await run(spec('enough', { patience: 1, margin: 0.3, caps: { rounds: 6 } }));
    expect(result.outcome).toBe('good-enough');
    expect(result.recommended?.round).toBe(1);
  });

  it('stops as target-unreachable by the forecast, after three rounds, with a sentence that says how probable it is', async () => {
    // Hues of every class at random: no number of images helps.
    const evaluation = await imageFolder(join(rig.home, 'hopeless'), { perClass: 30, firstSeed: 7000, spread: 180 });
    const more = { policy: 'forecast', target: 0.95, evaluation: { path: evaluation } } as const;
    const { result, folder } = await run(spec('hopeless', more));
    expect(result).toMatchObject({ outcome: 'target-unreachable', rounds: 3 });
    expect(result.sentence).toContain('Target 0.95 is probably out of reach within the caps');
    const { input, decision } = (await folder.readJson('rounds/3/decision.json')) as RecordedDecision;
    expect(decision.sentence).toMatch(/met with a probability of under 1 % .*\(below 25 %\).*stop: target-unreachable/);
    expect(decide(input)).toEqual(decision);
  });

  it('stops as good-enough by the forecast when twice the images would not gain the margin', async () => {
    const { result } = await run(spec('flat', { policy: 'forecast', margin: 0.2, caps: { rounds: 8 } }));
    expect(result.outcome).toBe('good-enough');
    expect(result.sentence).toContain('Good enough');
  });

  it('stops as not-improving when the target stays out of sight', async () => {
    const { result } = await run(spec('stuck', { target: 1, claim: 'lower-bound', patience: 1, margin: 0.3 }));
    expect(result.outcome).toBe('not-improving');
  });

  it('stops as round-limit, with every round on record', async () => {
    const { result, folder } = await run(
      spec('rounds', { target: 1, claim: 'lower-bound', patience: 9, caps: { rounds: 2 } }),
    );
    expect(result).toMatchObject({ outcome: 'round-limit', rounds: 2 });
    expect(await folder.readJson('rounds/2/record.json')).toMatchObject({ round: 2, comparedWith: 1 });
  });

  it('cuts the last δ to the cap on images, trains with it, and only then stops as image-limit', async () => {
    const { result, folder } = await run(
      spec('images', { target: 1, claim: 'lower-bound', patience: 9, caps: { images: 8 } }),
    );
    expect(result).toMatchObject({ outcome: 'image-limit', images: 8, rounds: 2 });
    expect(await folder.readJson('rounds/2/record.json')).toMatchObject({ newImages: 2 });
  });

  it('stops as image-limit before it draws anything when the cap does not hold the service’s minimum', async () => {
    const { result } = await run(spec('tiny-cap', { caps: { images: 5 } }));
    expect(result).toMatchObject({ outcome: 'image-limit', images: 0, rounds: 0 });
  });

  it('stops as budget-exhausted before a training that the cap would not hold', async () => {
    const { result } = await run(spec('budget', { target: 1, claim: 'lower-bound', patience: 9, caps: { hours: 1 } }));
    expect(result.outcome).toBe('budget-exhausted');
    expect(result.billedMinutes).toBeLessThanOrEqual(60);
    expect(result.rounds).toBe(1);
  });

  it('stops as images-exhausted when the pool has nothing new', async () => {
    const small = await imageFolder(join(rig.home, 'sources/small'), { perClass: 3, firstSeed: 500 });
    const { result } = await run(
      spec('exhausted', { target: 1, claim: 'lower-bound', patience: 9, collector: { kind: 'pool', path: small } }),
    );
    expect(result).toMatchObject({ outcome: 'images-exhausted', images: 9 });
  });

  it('stops as deadline when its time is over, and starts nothing new', async () => {
    const { result } = await run(spec('late', { target: 1 }), { deadline: Date.now() - 1 });
    expect(result).toMatchObject({ outcome: 'deadline', rounds: 0, recommended: null, billedMinutes: 0 });
  });

  it('uses the service’s hold-out metric without an evaluation set, and says that it is optimistic', async () => {
    const { evaluation: _none, ...without } = spec('hold-out', { target: 0.3, imagesPerClass: 4 });
    const { result, folder } = await run(without);
    expect(result.outcome).toBe('target-reached');
    expect(result.recommended?.interval).toBeNull();
    expect(JSON.stringify(await folder.readJson('rounds/1/decision.json'))).toMatch(/hold-out/);
  });

  it('compares by the wider binomial noise when predictions are switched off', async () => {
    const off = { ...sources.evaluation, predictions: false };
    const { folder } = await run(
      spec('binomial', { target: 1, claim: 'lower-bound', evaluation: off, caps: { rounds: 2 } }),
    );
    expect(await folder.readJson('rounds/2/verdicts-1.json')).toBeUndefined();
    const record = (await folder.readJson('rounds/2/record.json')) as { noise: number };
    expect(record.noise).toBeGreaterThan(0.05);
  });
});
