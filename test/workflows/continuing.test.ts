import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Admission, readAdmissions } from '../../collect/admission-file.ts';
import { readDraws } from '../../collect/draw-file.ts';
import { copyBatch } from '../../collect/submit.ts';
import type { LoopResult } from '../../loop/outcome.ts';
import { pause, resume, type SubmittedBatch, submitImages } from '../../workflows/messages.ts';
import { imageFolder } from '../support/images.ts';
import { createRig, type Rig, type Started, start } from '../support/rig.ts';
import { until } from '../support/watching.ts';

const taskQueue = 'continuing';
const classes = ['red', 'green', 'blue'];
/** Per loop, before the last one. */
const BATCHES = 16;
const PER_CLASS = 20;
const PEOPLE = 4;
const LOOPS = ['first', 'second', 'third'];

let rig: Rig;
let stopWorkers: () => Promise<void>;
let evaluation: string;
const handIns: string[] = [];
let last: string;

beforeAll(async () => {
  // So few events suffice for a new run that updates keep meeting a run that ends.
  rig = await createRig([
    '--dynamic-config-value',
    'limit.historyCount.suggestContinueAsNew=30',
    // The server logs every update that met the end of a run.
    '--log-level',
    'never',
  ]);
  const sources = join(rig.home, 'sources');
  evaluation = await imageFolder(join(sources, 'evaluation'), { perClass: 10, firstSeed: 1000 });
  for (let batch = 0; batch < BATCHES; batch += 1)
    handIns.push(await imageFolder(join(sources, `batch-${batch}`), { perClass: 1, firstSeed: batch + 1 }));
  last = await imageFolder(join(sources, 'last'), { perClass: PER_CLASS - BATCHES + 2, firstSeed: BATCHES + 1 });
  stopWorkers = await rig.work(taskQueue);
});
afterAll(async () => {
  await stopWorkers();
  await rig.teardown();
});

/** Sends an update until it is answered, as a client does that must not lose it; a refusal is an answer. */
async function send(name: string, attempt: (handle: WorkflowHandle) => Promise<unknown>): Promise<'taken' | 'refused'> {
  for (let tries = 1; ; tries += 1) {
    try {
      await attempt(rig.env.client.workflow.getHandle(name));
      return 'taken';
    } catch (error) {
      const { cause } = error as { cause?: { type?: string } };
      if (error instanceof WorkflowUpdateFailedError && cause?.type === 'Refused') return 'refused';
      if (tries === 50) throw error;
    }
  }
}

async function batchOf({ folder }: Started, dir: string, by: string): Promise<SubmittedBatch> {
  const { manifest, counts } = await copyBatch(folder, dir, { classes });
  return { manifest, counts, by };
}

function handIn({ spec: { name } }: Started, updateId: string, batch: SubmittedBatch) {
  return send(name, (handle) => handle.executeUpdate(submitImages, { args: [batch], updateId }));
}

/**
 * People who hand in at once, each batch sent twice under one id, and pause and resume in between; the next ones come
 * just when the loop has taken those in and goes on in a new run.
 */
async function crowd(loop: Started): Promise<void> {
  for (let wave = 0; wave < BATCHES; wave += PEOPLE) {
    const numbers = Array.from({ length: PEOPLE }, (_, of) => wave + of);
    const taken = await Promise.all(numbers.map((at) => handInTwice(loop, at)));
    expect(taken.flat()).not.toContain('refused');
    await control(loop, resume, `resume-${wave}`);
    const left = PER_CLASS - wave - PEOPLE;
    await until(loop.handle, ({ classes: rows }) => rows.every(({ need }) => need === left));
  }
}

async function handInTwice(loop: Started, at: number): Promise<('taken' | 'refused')[]> {
  const batch = await batchOf(loop, handIns[at] ?? '', `person ${at}`);
  const sent = [handIn(loop, `batch-${at}`, batch), handIn(loop, `batch-${at}`, batch)];
  await control(loop, at % 2 === 0 ? pause : resume, `control-${at}`);
  return Promise.all(sent);
}

/** To resume what another one has resumed already is refused, which is as good. */
function control({ spec: { name } }: Started, update: typeof pause, updateId: string) {
  return send(name, (handle) => handle.executeUpdate(update, { args: [{ by: 'a person' }], updateId }));
}

async function runsOf(name: string): Promise<number> {
  let runs = 0;
  for await (const _run of rig.env.client.workflow.list({ query: `WorkflowId = '${name}'` })) runs += 1;
  return runs;
}

/** Hashes of all images in a list of admissions. */
const hashes = (admissions: readonly Admission[]) =>
  admissions.flatMap(({ images }) => images.map(({ sha256 }) => sha256));

async function checkNothingLost({ folder, handle }: Started): Promise<void> {
  const result: LoopResult = await handle.result();
  expect(result).toMatchObject({ outcome: 'round-limit', rounds: 1, images: 3 * PER_CLASS, unusedImages: 6 });
  const [draw] = await readDraws(folder, 1);
  const drawn = draw?.images.map(({ sha256 }) => sha256) ?? [];
  const admitted = hashes(await readAdmissions(folder, (await readdir(folder.resolve('admissions'))).length));
  const waiting = admitted.filter((sha256) => !drawn.includes(sha256));
  expect(new Set(admitted).size).toBe(3 * (PER_CLASS + 2));
  expect(admitted).toHaveLength(3 * (PER_CLASS + 2));
  expect(new Set(drawn).size).toBe(drawn.length);
  expect(drawn.filter((sha256) => !admitted.includes(sha256))).toEqual([]);
  expect(waiting).toHaveLength(result.unusedImages);
}

describe('loops that go on in new runs while updates pour in', () => {
  it('lose none and count none twice, several loops at once', async () => {
    const loops = await Promise.all(
      LOOPS.map((name) =>
        start(rig, {
          taskQueue,
          spec: {
            name,
            classes,
            collector: { kind: 'people' },
            evaluation: { path: evaluation },
            policy: 'thresholds',
            imagesPerClass: PER_CLASS,
            target: 1,
            claim: 'lower-bound',
            caps: { rounds: 1 },
          },
        }),
      ),
    );
    await Promise.all(loops.map(crowd));
    await Promise.all(loops.map(async (loop) => handIn(loop, 'last', await batchOf(loop, last, 'the last one'))));
    for (const loop of loops) await checkNothingLost(loop);
    // One run could not have held them.
    for (const name of LOOPS) expect(await runsOf(name)).toBeGreaterThan(2);
  });
});
