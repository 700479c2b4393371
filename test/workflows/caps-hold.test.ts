import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Changes } from '../../loop/changes.ts';
import { EMBEDDED_CAPABILITIES } from '../../vision/capabilities.ts';
import { adjust, progress, type ResolveAnswer, resolve, stop } from '../../workflows/messages.ts';
import { createRig, type LoopHandle, type Rig, start } from '../support/rig.ts';
import { type Fate, ScriptedService } from '../support/scripted-service.ts';
import { imageSources, type Sources } from '../support/sources.ts';
import { unpredictedSpec } from '../support/specs.ts';

const taskQueue = 'caps';
/** A loop whose people have nothing more to say is stopped: every scenario comes to an end. */
const LAST_ANSWER: ResolveAnswer = { answer: 'stop' };

const hours = fc.integer({ min: 1, max: 6 });
const fate: fc.Arbitrary<Fate> = fc.record({
  looks: fc.integer({ min: 0, max: 3 }),
  end: fc.constantFrom('succeeded', 'succeeded', 'failed', 'failed', 'cancelled', 'lost'),
  code: fc.constantFrom('diverged', 'notEnoughBudget', 'datasetCorrupt', 'datasetNotFound', 'unknown', 'odd'),
  message: fc.constantFrom('', 'the minimum is 2 hours, suggested is a budget of 3 hours', 'suggested: 40 hours'),
  minutes: fc.integer({ min: 0, max: 400 }),
  reports: fc.boolean(),
  stubborn: fc.boolean(),
  resets: fc.boolean(),
});
const answer = fc.record({
  answer: fc.constantFrom('retry', 'retry', 'retry', 'skip'),
  set: fc.oneof(
    fc.constant({}),
    fc.record({ 'caps.hours': hours }),
    fc.record({ 'training.hours': fc.option(hours, { nil: null }) }),
  ) as fc.Arbitrary<Changes>,
});
/** What people do in the moment in which the n-th model is created; `n` from 1. */
const deed = fc.record({
  n: fc.integer({ min: 1, max: 4 }),
  what: fc.oneof(
    fc.record({ kind: fc.constant('adjust' as const), hours }),
    fc.record({ kind: fc.constant('stop' as const), now: fc.boolean() }),
  ),
});
const scenario = fc.record({
  cap: hours,
  training: fc.option(hours, { nil: undefined }),
  fates: fc.array(fate, { minLength: 1, maxLength: 6 }),
  answers: fc.array(answer, { maxLength: 4 }),
  deeds: fc.array(deed, { maxLength: 2 }),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never;

interface Playing extends Scenario {
  handle: LoopHandle | null;
  /** Compute minutes: the largest cap that was ever asked for. */
  largest: number;
  created: number;
  broken: string[];
}

let rig: Rig;
let sources: Sources;
let stopWorkers: () => Promise<void>;
const playing = new Map<string, Playing>();

const loopOf = (model: string) => model.slice(0, model.lastIndexOf('-r'));

const service = new ScriptedService({
  fate: (model) => {
    const loop = playing.get(loopOf(model));
    if (loop === undefined) throw new Error(`no scenario for ${model}`);
    const { fates, created } = loop;
    loop.created += 1;
    // Past its script a loop trains as it should.
    return fates[created] ?? { ...(fates[0] as Fate), end: 'succeeded', resets: false };
  },
  created: async (model) => {
    const name = loopOf(model);
    const loop = playing.get(name);
    if (loop === undefined) return;
    const { billed, open } = service.ledger(name);
    if (billed + open > loop.largest)
      loop.broken.push(`${model}: ${billed} billed and ${open} open of at most ${loop.largest} minutes`);
    for (const { n, what } of loop.deeds) if (n === loop.created) await act(loop, what);
  },
});

/** A person acts while the service takes the training on; a loop that ends or waits may refuse, which changes nothing. */
async function act(loop: Playing, what: Scenario['deeds'][number]['what']): Promise<void> {
  if (what.kind === 'adjust') {
    loop.largest = Math.max(loop.largest, what.hours * 60);
    await loop.handle?.executeUpdate(adjust, { args: [{ set: { 'caps.hours': what.hours } }] }).catch(() => undefined);
  } else await loop.handle?.executeUpdate(stop, { args: [{ now: what.now }] }).catch(() => undefined);
}

beforeAll(async () => {
  rig = await createRig();
  sources = await imageSources(rig, { pool: 8, evaluation: 2 });
  const profile = { client: service.client(), capabilities: EMBEDDED_CAPABILITIES };
  stopWorkers = await rig.work(taskQueue, new Map([['default', profile]]));
});

afterAll(async () => {
  await stopWorkers();
  await rig.teardown();
});

let count = 0;

/** Plays one scenario to its end. Returns what was wrong with it, and what it came to. */
async function play(given: Scenario): Promise<{ name: string; wrong: string[]; outcome: string; models: number }> {
  count += 1;
  const name = `caps-${count}`;
  const { cap, training } = given;
  const loop: Playing = { ...given, handle: null, largest: cap * 60, created: 0, broken: [] };
  playing.set(name, loop);
  const { handle } = await start(rig, {
    taskQueue,
    spec: unpredictedSpec(name, sources, {
      caps: { hours: cap, rounds: 3 },
      delta: { kind: 'fixed', imagesPerClass: 1 },
      ...(training === undefined ? {} : { training: { hours: training } }),
    }),
    timings: { missingMs: 50, pollMs: 5, backOffMs: 1 },
  });
  loop.handle = handle;
  const result = await (await answering(loop, handle)).result();
  const { billed, models } = service.ledger(name);
  const wrong = [...loop.broken];
  // Of a training whose acceptance never arrived and that the service then lost, nobody can know that it was billed.
  const last = given.fates[loop.created - 1];
  const untold = last?.resets && last.end === 'lost';
  if (billed > result.billedMinutes && !untold) wrong.push(`${billed} min billed, ${result.billedMinutes} settled`);
  if (result.billedMinutes > loop.largest) wrong.push(`${result.billedMinutes} min settled of ${loop.largest}`);
  return { name, wrong, outcome: result.outcome, models: models.length };
}

/** Gives a person's answers for as long as the loop asks. */
async function answering(loop: Playing, handle: LoopHandle): Promise<LoopHandle> {
  const answers = [...loop.answers];
  await vi.waitUntil(
    async () => {
      const { phase, attention } = await handle.query(progress);
      if (phase !== 'needs-attention') return phase === 'done';
      const next = attention?.canSkip || answers[0]?.answer !== 'skip' ? answers.shift() : LAST_ANSWER;
      const { answer: word, set = {} } = next ?? LAST_ANSWER;
      loop.largest = Math.max(loop.largest, (set['caps.hours'] ?? 0) * 60);
      const sent = { answer: word, ...(Object.keys(set).length === 0 ? {} : { set }) };
      await handle.executeUpdate(resolve, { args: [sent] }).catch(() => undefined);
      return false;
    },
    { timeout: 90_000, interval: 50 },
  );
  return handle;
}

/** Loops at a time: each spends most of its time waiting. */
const AT_ONCE = 12;

describe('the cap on training hours', () => {
  it('is never passed, whatever fails, is retried, raised, cancelled, changed or answered in whatever order', async () => {
    const models: number[] = [];
    await fc.assert(
      fc.asyncProperty(fc.array(scenario, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (scenarios) => {
        const played = await Promise.all(scenarios.map(play));
        models.push(...played.map((each) => each.models));
        expect(played.filter(({ wrong }) => wrong.length > 0)).toEqual([]);
      }),
      // A shrunk counterexample would take as long as many runs; the seed and the path are printed.
      { numRuns: 2, endOnFailure: true },
    );
    // The scenarios are worth something only if trainings were tried again.
    expect(Math.max(...models)).toBeGreaterThan(2);
  }, 240_000);
});
