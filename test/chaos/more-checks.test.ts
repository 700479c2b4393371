import { describe, expect, it } from 'vitest';
import { checkAll } from './checks/index.ts';
import type { Evidence } from './evidence.ts';
import {
  EVENTS,
  evidenceWith,
  FIRST,
  historyOf,
  LOOP,
  loopWith,
  MODEL,
  nameOf,
  scheduled,
  stored,
  THIRD,
  update,
} from './made-evidence.ts';

const problemsOf = (evidence: Evidence) => checkAll(evidence).problems;
const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const withEvents = (events: readonly object[]) => problemsOf(evidenceWith({ loop: loopWith(historyOf(events)) }));

describe('the yardstick check finds', () => {
  it('a measurement on another evaluation set', () => {
    const other = scheduled(99, 'evaluateModel', { model: MODEL, evaluationHash: 'other' });
    expect(withEvents([...EVENTS, other])[0]).toMatch(/measured on the evaluation set other, not evaluation-hash/);
  });

  it('an evaluation set that is not what was frozen', () => {
    const put = { 'evaluation/coco.json': Buffer.from('changed') };
    expect(problemsOf(evidenceWith({ loop: loopWith({ put }) }))).toEqual([
      `yardstick: ${LOOP}: evaluation/coco.json is not what was frozen`,
    ]);
  });

  it('an evaluation image that is gone', () => {
    const put = { 'evaluation/set.json': json({ images: [stored(Buffer.from('gone'))] }) };
    expect(problemsOf(evidenceWith({ loop: loopWith({ put }) }))[0]).toMatch(/is gone or changed/);
  });

  it('a training image with the bytes of an evaluation image', () => {
    const put = { [`evaluation/images/${nameOf(FIRST)}`]: FIRST };
    expect(problemsOf(evidenceWith({ loop: loopWith({ put }) }))[0]).toMatch(/in its bytes/);
  });

  it('a training image with the pixels of an evaluation image', () => {
    const loop = loopWith();
    const pixels = new Map(loop.pixels);
    for (const path of pixels.keys())
      if (path.startsWith('evaluation/')) pixels.set(path, pixels.get(`images/${nameOf(THIRD)}`) ?? '');
    expect(problemsOf(evidenceWith({ loop: { ...loop, pixels } }))[0]).toMatch(/in its pixels/);
  });
});

describe('the check of caps finds', () => {
  const ledger = (minutes: number) => evidenceWith().ledger.map((line) => ({ ...line, billedMinutes: minutes }));
  const adjusted = (set: object, at: number) => EVENTS.toSpliced(at, 0, update(45, 'adjust', { set }));

  it('a training that began when its hours had no room beside what was billed', () => {
    const lowered = loopWith(historyOf(adjusted({ 'caps.hours': 1 }, 4)));
    expect(problemsOf(evidenceWith({ loop: lowered, ledger: ledger(30) }))).toEqual([
      expect.stringContaining('of 1 h began with 30 of 60 minutes billed already'),
    ]);
    expect(problemsOf(evidenceWith({ loop: lowered, ledger: ledger(0) }))).toEqual([]);
  });

  it('a training that was billed more than it was given', () => {
    expect(problemsOf(evidenceWith({ ledger: ledger(61) }))[0]).toMatch(/was billed 61 minutes of the 60 it was given/);
  });

  it('minutes that only the answers of the service tell of', () => {
    const [first, ...rest] = evidenceWith().requests;
    const told = first && { ...first, model: { name: MODEL, status: 'succeeded', minutes: 90 } };
    expect(problemsOf(evidenceWith({ requests: told ? [told, ...rest] : rest }))[0]).toMatch(/was billed 90 minutes/);
  });

  it('a round beyond the cap, lowered before the decision, but not one that was decided before', () => {
    expect(withEvents(adjusted({ 'caps.rounds': 1 }, 5))[0]).toMatch(/round 2 began, and the cap was 1/);
    expect(withEvents(adjusted({ 'caps.rounds': 1 }, 6))).toEqual([]);
  });

  it('images beyond the cap', () => {
    expect(withEvents(adjusted({ 'caps.images': 3 }, 5))[0]).toMatch(
      /round 2 brought the images to 4, and the cap was 3/,
    );
  });
});

it('the check of decisions finds a decision of which one word is another', () => {
  const path = 'rounds/2/decision.json';
  const text = loopWith().files.get(path)?.toString('utf8') ?? '';
  const put = { [path]: Buffer.from(text.replace('real gain', 'true gain')) };
  expect(put[path]?.equals(Buffer.from(text))).toBe(false);
  expect(problemsOf(evidenceWith({ loop: loopWith({ put }) }))[0]).toMatch(
    /the decision of round 2 of well comes out otherwise/,
  );
});

describe('the check of secrets finds one', () => {
  const secret = 'a planted secret';
  it.each([
    ['in a log', evidenceWith({ logs: [{ name: 'worker', text: `key: ${secret}` }] }), /in the log worker/],
    [
      'in a file of a loop',
      evidenceWith({ loop: loopWith({ put: { 'notes.json': Buffer.from(secret) } }) }),
      /in notes.json of well/,
    ],
    [
      'inside a payload',
      evidenceWith({ loop: loopWith(historyOf([...EVENTS, update(90, 'pause', { reason: secret })])) }),
      /in a payload of the history/,
    ],
    [
      'in plain in a history',
      evidenceWith({ loop: loopWith(historyOf([...EVENTS, { eventId: '90', summary: secret }])) }),
      /in the history of well/,
    ],
  ])('%s', (_where, evidence, words) => {
    expect(problemsOf(evidence)).toContainEqual(expect.stringMatching(words));
  });
});

describe('the check of histories finds', () => {
  it('a payload that is large', () => {
    expect(withEvents([...EVENTS, update(90, 'pause', { reason: 'x'.repeat(20_000) })])[0]).toMatch(
      /has a payload of \d+ bytes/,
    );
  });

  it('the bytes of an image', () => {
    expect(withEvents([...EVENTS, update(90, 'pause', { reason: 'iVBORw0KGgo…' })])[0]).toMatch(
      /1 payloads with image bytes/,
    );
  });

  it('more events than rounds and messages explain', () => {
    const many = Array.from({ length: 600 }, (_, at) => ({ eventId: String(100 + at) }));
    expect(withEvents([...EVENTS, ...many])[0]).toMatch(/has 608 events/);
  });

  it('a failure of the loop’s own code, but not a worker that was killed', () => {
    const failure = (cause: string) => ({
      eventId: '90',
      workflowTaskFailedEventAttributes: { cause, failure: { message: 'broken' } },
    });
    expect(withEvents([...EVENTS, failure('WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR')])[0]).toMatch(
      /own code: .*broken/,
    );
    expect(withEvents([...EVENTS, failure('WORKFLOW_TASK_FAILED_CAUSE_RESET_STICKY_TASK_QUEUE')])).toEqual([]);
  });
});
