import { mkdir, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../data/journal.ts';
import { entryInWords } from '../../loop/journal.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { adjust, pause, resolve, resume, stop } from '../../workflows/messages.ts';
import { inProcess } from '../client/run-cli.ts';
import { type FaultyProxy, holdTraining } from '../support/proxy.ts';
import { type LoopHandle, type Rig, start } from '../support/rig.ts';
import { type Sources, troubledRig } from '../support/sources.ts';
import { until } from '../support/watching.ts';

let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;
let close: () => Promise<void>;
const taskQueue = 'journal';

beforeAll(async () => {
  ({ rig, proxy, sources, close } = await troubledRig(taskQueue));
});

afterAll(() => close());

function spec(name: string, more: Partial<LoopSpecInput> = {}): LoopSpecInput {
  const few = { imagesPerClass: 2, caps: { rounds: 1 }, patience: 9 };
  return { name, ...sources, policy: 'thresholds', target: 1, claim: 'lower-bound', ...few, ...more };
}

const begin = (more: LoopSpecInput) => start(rig, { taskQueue, spec: more });

/** A loop whose first training is refused until the rule is taken away. */
async function refused(name: string, more: Partial<LoopSpecInput> = {}) {
  proxy.rule(({ method, path }) =>
    method === 'PUT' && path.includes(`/models/${name}-r`) ? { status: 401, code: 'Unauthorized' } : null,
  );
  const loop = await begin(spec(name, more));
  await until(loop.handle, ({ phase }) => phase === 'needs-attention');
  return loop;
}

async function eventsOf(handle: LoopHandle): Promise<number> {
  return (await handle.fetchHistory()).events?.length ?? 0;
}

describe('what people say to a loop', () => {
  it('is written down with who, when and why, in the order in which it was heard', async () => {
    const { handle, folder } = await refused('said');
    await handle.executeUpdate(adjust, { args: [{ set: { 'caps.images': 50 }, by: 'ann', reason: 'room' }] });
    await handle.executeUpdate(pause, { args: [{ by: 'bob' }] });
    await handle.executeUpdate(resume, { args: [{ by: 'bob', reason: 'back' }] });
    proxy.rule(null);
    await handle.executeUpdate(resolve, {
      args: [{ answer: 'retry', set: { 'caps.hours': 30 }, reason: 'more budget' }],
    });
    const seen = await until(handle, ({ journal }) => journal?.length === 4);
    await handle.result();
    const entries = await readJournal(folder);
    expect(entries).toEqual(seen.journal);
    expect(entries.map((entry) => entryInWords(entry).replace(/^\d+ \w+ \d\d:\d\d UTC /, ''))).toEqual([
      'ann: caps.images = 50 – room',
      'bob: pause',
      'bob: resume – back',
      'Temporal UI: retry with caps.hours = 30 – more budget',
    ]);
    expect(entries.at(-1)).toMatchObject({
      sequence: 4,
      round: 1,
      about: { type: 'ServiceUnauthorized', step: 'train' },
      before: { 'caps.hours': 24 },
    });
  });

  it('is in the files before the step is tried again, so that readers of the folder know what is in force', async () => {
    const { handle, folder } = await refused('in-force');
    const release = holdTraining(proxy, 'in-force');
    const { stdout } = await inProcess(['resolve', 'in-force', 'retry', '--set', 'caps.rounds=7', '--by', 'ann'], {
      home: rig.home,
      env: { TEMPORAL_ADDRESS: rig.env.address },
    });
    expect(stdout).toBe('The loop tries the step again, with caps.rounds = 7.\n');
    await until(handle, ({ phase, budget }) => phase === 'training' && budget.reservedMinutes > 0);
    while ((await readJournal(folder)).length === 0) await until(handle, () => true);
    await handle.executeUpdate(stop, { args: [{ now: true, by: 'ann' }] });
    release();
    await handle.result();
    expect((await readJournal(folder)).map(({ kind, now }) => ({ kind, now }))).toEqual([
      { kind: 'resolve', now: undefined },
      { kind: 'stop', now: true },
    ]);
  });

  it('stays with the loop while it cannot be written, and is asked about only at the end', async () => {
    const { handle, folder } = await refused('unwritable');
    // A file stands where the journal's folder would be: no write can work.
    await writeFile(folder.resolve('journal'), 'in the way');
    proxy.rule(null);
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'ann', reason: 'key is back' }] });
    const seen = await until(handle, ({ attention }) => attention?.step === 'finish');
    expect(seen.rounds).toHaveLength(1);
    await rm(folder.resolve('journal'));
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'bob' }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
    expect((await readJournal(folder)).map(({ by, about }) => `${by} ${about?.step}`)).toEqual([
      'ann train',
      'bob finish',
    ]);
  });

  it('keeps what stands there already, under the next number', async () => {
    const { handle, folder } = await refused('taken');
    const earlier = {
      sequence: 1,
      kind: 'pause',
      by: 'before a reset',
      at: '2026-11-30T14:02:00.000Z',
      reason: '',
      round: 1,
    };
    await mkdir(folder.resolve('journal'), { recursive: true });
    await folder.writeJsonOnce('journal/0001.json', earlier);
    await handle.executeUpdate(resolve, { args: [{ answer: 'stop', by: 'ann' }] });
    await handle.result();
    expect((await readJournal(folder)).map(({ sequence, by }) => [sequence, by])).toEqual([
      [1, 'before a reset'],
      [2, 'ann'],
    ]);
  });
});

describe('the Update dialog of the Temporal UI', () => {
  it('takes the JSON of the descriptions, and refuses everything else with a sentence and without an event', async () => {
    const { handle } = await refused('dialog');
    const before = await eventsOf(handle);
    const bad: [string, unknown[], RegExp][] = [
      ['resolve', [], /answer is missing or unknown/],
      ['resolve', ['retry'], /answer is missing or unknown/],
      ['resolve', [{ answer: 'Retry' }], /Send {"answer": "retry"}/],
      ['resolve', [{ answer: 'retry', sets: {} }], /"sets" means nothing here; known: answer, set, by, reason/],
      [
        'resolve',
        [{ answer: 'retry', by: 7, reason: 'x'.repeat(2001) }],
        /“by” must be a text\. “reason” may have 2000/,
      ],
      [
        'resolve',
        [{ answer: 'retry', set: { 'caps.hours': '30', target: 2 } }],
        /caps\.hours must be .* target must be/,
      ],
      ['resolve', [{ answer: 'retry', set: {} }], /Nothing is changed/],
      ['resolve', [{ answer: 'stop', set: { target: 0.9 } }], /has nothing to change/],
      ['adjust', [], /must be an object with: set, by, reason/],
      ['adjust', [{ set: { 'evaluation.path': '/x' } }], /same yardstick/],
      ['adjust', [{ set: JSON.parse('{"__proto__": 1}') }], /cannot be changed/],
      ['pause', ['lunch'], /must be an object/],
      ['resume', [{}], /not paused/],
      ['stop', [{ nwo: true }], /"nwo" means nothing here/],
    ];
    for (const [name, args, why] of bad)
      await expect(
        handle.executeUpdate<unknown, [unknown, ...unknown[]]>(name, { args: args as [unknown, ...unknown[]] }),
      ).rejects.toMatchObject({
        cause: { message: expect.stringMatching(why) },
      });
    expect(await eventsOf(handle)).toBe(before);
    proxy.rule(null);
    const answer = await handle.executeUpdate('resolve', { args: [{ answer: 'retry', set: { 'caps.hours': 30 } }] });
    expect(answer).toEqual({ message: 'The loop tries the step again, with caps.hours = 30.' });
    await handle.result();
  });

  it('describes every message with the data that it takes', async () => {
    const { handle } = await refused('described');
    const metadata = await handle.query('__temporal_workflow_metadata');
    const text = JSON.stringify(metadata);
    for (const name of ['resolve', 'adjust', 'pause', 'resume', 'stop', 'submitImages'])
      expect(text).toContain(`"${name}"`);
    expect(text).toContain('What can be set: caps.hours, caps.images');
    proxy.rule(null);
    await handle.executeUpdate(resolve, { args: [{ answer: 'stop' }] });
    await handle.result();
  });
});
