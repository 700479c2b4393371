import { describe, expect, it } from 'vitest';
import { LoopSpecSchema } from '../../loop/spec.ts';
import { checkAll } from './checks/index.ts';
import { hasReason } from './checks/pay-once.ts';
import type { Evidence } from './evidence.ts';
import {
  admission,
  coco,
  completed,
  draw,
  EVENTS,
  evidenceWith,
  FIRST,
  FOURTH,
  historyOf,
  LOOP,
  loopWith,
  MODEL,
  nameOf,
  order,
  outcome,
  SECOND,
  scheduled,
  THIRD,
  update,
} from './made-evidence.ts';

const AGAIN = MODEL.replace(/1$/, '2');
const problemsOf = (evidence: Evidence) => checkAll(evidence).problems;
const withEvents = (...events: object[]) => historyOf([...EVENTS, ...events]);
const withFiles = (put: Record<string, Buffer | null>) => evidenceWith({ loop: loopWith({ put }) });
const json = (value: unknown) => Buffer.from(JSON.stringify(value));

it('a run in which everything is well has no problem', () => {
  expect(checkAll(evidenceWith())).toEqual({ problems: [], notes: [] });
});

it('evidence that cannot be read is a problem', () => {
  expect(problemsOf(withFiles({ 'rounds/1/draw.json': Buffer.from('{') }))).toContainEqual(
    expect.stringContaining('cannot be read'),
  );
});

describe('pay once finds', () => {
  const ledger = evidenceWith().ledger;
  const base = evidenceWith().requests;
  const found = (more: Partial<Evidence>) =>
    problemsOf(evidenceWith(more)).filter((problem) => problem.startsWith('pay once'));

  it('a training that was accepted twice, but not one whose second order was told that it exists', () => {
    expect(found({ requests: [...base, order(MODEL)] })).toEqual([`pay once: training ${MODEL} was accepted 2 times`]);
    expect(found({ requests: [...base, order(MODEL, { status: 409 })] })).toEqual([]);
  });

  it('a training that was billed twice, or that nobody asked for', () => {
    const line = { model: MODEL, status: 'succeeded', billedMinutes: 1 };
    expect(found({ ledger: [...ledger, line] })).toEqual([`pay once: training ${MODEL} was billed 2 times`]);
    expect(found({ ledger: [...ledger, { ...line, model: `${LOOP}-r9-x` }] })).toEqual([
      `pay once: training ${LOOP}-r9-x was billed, but nobody asked for it`,
    ]);
  });

  it('one name for two different trainings', () => {
    expect(found({ requests: [...base, order(MODEL, { status: 409, digest: 'other' })] })).toHaveLength(1);
  });

  it('nothing of that where the service was made to forget', () => {
    expect(found({ requests: [...base, order(MODEL)], restored: true })).toEqual([]);
  });

  it('a further model name without a reason', () => {
    expect(found({ requests: [...base, order(AGAIN)] })).toEqual([
      `pay once: training ${AGAIN} follows ${MODEL} without a reason in the loop’s folder`,
    ]);
  });

  it('more sets of images in a round than it recorded', () => {
    expect(found({ requests: [...base, order(MODEL.replace('0123', 'ffff'))] })).toEqual([
      `pay once: round 1 of ${LOOP} trained 2 sets of images and recorded 1`,
    ]);
  });
});

describe('the reason for a further model name', () => {
  const has = (put: Record<string, Buffer>) =>
    hasReason(loopWith({ put }), { model: AGAIN, before: MODEL, round: 1, attempt: 2 });
  const record = (reason: object, model = AGAIN) => json({ schemaVersion: 1, model, dataset: 'd', hours: 1, reason });
  const failure = { kind: 'failure', after: MODEL, code: 'unknown' };

  it('is its own record, which tells how the model before it ended', () => {
    expect(has({ 'rounds/1/model-2.json': record(failure) })).toBe(true);
    expect(has({ 'rounds/1/subset-1/model-2.json': record(failure) })).toBe(true);
  });

  it('is its own record, which tells who asked again', () => {
    const answer = { kind: 'answer', after: MODEL, failure: 'ModelGone', code: null, by: 'a person', why: '' };
    expect(has({ 'rounds/1/model-2.json': record(answer) })).toBe(true);
  });

  it('is no record of another round, another model or another one before it, and not that of a first training', () => {
    expect(has({ 'rounds/2/model-2.json': record(failure) })).toBe(false);
    expect(has({ 'rounds/1/model-2.json': record(failure, MODEL) })).toBe(false);
    expect(has({ 'rounds/1/model-2.json': record({ ...failure, after: 'another-1' }) })).toBe(false);
    expect(has({ 'rounds/1/model-2.json': record({ kind: 'first' }) })).toBe(false);
    expect(has({ 'rounds/1/training-1.json': json({ model: MODEL, status: 'failed', code: 'unknown' }) })).toBe(false);
  });

  it('that stands in the history alone is none: a copy of the folder would not tell it', () => {
    const awaiting = scheduled(70, 'awaitTraining', { model: MODEL });
    const loop = loopWith(withEvents(awaiting, completed(70, { status: 'failed' })));
    const requests = [...evidenceWith().requests, order(AGAIN)];
    expect(problemsOf(evidenceWith({ loop, requests }))).toContainEqual(expect.stringContaining('without a reason'));
  });
});

describe('nothing lost finds', () => {
  it('an image in two draws', () => {
    expect(problemsOf(withFiles({ 'rounds/2/draw.json': draw(2, [SECOND, THIRD, FOURTH]) }))).toContainEqual(
      expect.stringContaining('is in two draws'),
    );
  });

  it('an image that a later training set lacks', () => {
    expect(problemsOf(withFiles({ 'rounds/2/coco.json': coco([FIRST, THIRD, FOURTH]) }))).toEqual([
      `nothing lost: ${LOOP}: the training set of round 2 holds 3 images, and 4 were accepted until then`,
    ]);
  });

  it('an image whose bytes are gone or others', () => {
    const path = `images/${nameOf(FIRST)}`;
    expect(problemsOf(withFiles({ [path]: Buffer.from('other') }))[0]).toMatch(/has other bytes than its name says/);
    expect(problemsOf(withFiles({ [path]: null }))[0]).toMatch(/is gone/);
  });

  it('a draw that is missing between others', () => {
    expect(problemsOf(withFiles({ 'rounds/1/draw.json': null })).join()).toContain(
      'the draw before round 2 is missing',
    );
  });
});

describe('nothing lost finds, of what people hand in,', () => {
  const spec = LoopSpecSchema.parse({ name: LOOP, classes: ['red', 'blue'], collector: { kind: 'people' } });
  const submit = (id: number, manifest: string, red: number) =>
    update(id, 'submitImages', { manifest: { sha256: manifest }, counts: { red } });
  const events = [submit(2, 'one', 2), submit(3, 'two', 2), submit(4, 'three', 3)];
  const told = [{ loop: LOOP, manifest: 'one', message: 'queued' }];
  const put = {
    'admissions/1.json': admission(1, { manifest: 'one', images: [FIRST, SECOND] }),
    'admissions/2.json': admission(2, { manifest: 'two', images: [THIRD, FOURTH] }),
    'outcome.json': outcome({ images: 4, unusedImages: 3 }),
  };
  const found = (more: Parameters<typeof loopWith>[0]) =>
    problemsOf(
      evidenceWith({
        loop: loopWith({ spec, told, ...withEvents(...events), ...more, put: { ...put, ...more?.put } }),
      }),
    );

  it('nothing where every batch was drawn, waits or is counted as unused', () => {
    expect(found({})).toEqual([]);
  });

  it('a batch that its sender was told is queued, and of which the loop never heard', () => {
    expect(found({ told: [{ loop: LOOP, manifest: 'four', message: 'queued' }] })[0]).toMatch(
      /the loop never heard of it/,
    );
  });

  it('batches that changed their order', () => {
    const swapped = historyOf([...EVENTS, submit(2, 'two', 2), submit(3, 'one', 2), submit(4, 'three', 3)]);
    expect(found({ ...swapped })[0]).toMatch(/not taken in in the order/);
  });

  it('unused images that the outcome does not tell of', () => {
    expect(found({ put: { 'outcome.json': outcome({ images: 4, unusedImages: 0 }) } })[0]).toMatch(
      /people handed in 7 images/,
    );
  });

  it('nothing where the loop was ended while it took in a batch of which half was known, and counts all of it', () => {
    const ended = [scheduled(90, 'admitBatch', {}), scheduled(95, 'finishLoop', {})];
    const cut = {
      'admissions/3.json': admission(3, { manifest: 'three', images: [] }),
      'outcome.json': outcome({ images: 4, unusedImages: 3 }),
    };
    expect(found({ put: cut, ...withEvents(...events, ...ended) })).toEqual([]);
    expect(found({ put: cut })[0]).toMatch(/people handed in 4 images/);
  });

  it('an image that was accepted twice, or drawn without being accepted', () => {
    expect(
      found({ put: { 'admissions/2.json': admission(2, { manifest: 'two', images: [FIRST, THIRD, FOURTH] }) } })[0],
    ).toMatch(/was accepted twice/);
    expect(found({ put: { 'admissions/2.json': admission(2, { manifest: 'two', images: [THIRD] }) } })[0]).toMatch(
      /was drawn, but never accepted/,
    );
  });
});
