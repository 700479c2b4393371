import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { LoopSpecInput } from '../loop/spec.ts';
import { imageFolder } from '../test/support/images.ts';
import type { Ground } from './ground.ts';
import { type Event, eventsOf, scheduled, timeOf } from './histories.ts';
import { type StubService, startStubService } from './stub-service.ts';
import { quantile, type Row } from './table.ts';
import { memoryOf, startWorkerProcess } from './worker-process.ts';

const LOOPS = 1000;
const CLASSES = ['red', 'green'];
const AT_ONCE = 20;
/** The longest pause between two looks at a training, milliseconds: activities/polling.ts. */
const SLOWEST_POLL_MS = 30_000;
/** By then every wait looks every 30 seconds only. */
const SLOWED_DOWN_MS = 100_000;
const MOST_BYTES = 1.5e9;
const MOST_LATE_MS = SLOWEST_POLL_MS + 10_000;

/** A thousand loops that wait on one worker: its memory, and how soon they go on when all their trainings end at once. */
export async function measureThousand(ground: Ground): Promise<Row[]> {
  const stub = await startStubService(CLASSES);
  try {
    return [...(await waitingForTrainings(ground, stub)), ...(await waitingForPeople(ground, stub))];
  } finally {
    await stub.close();
  }
}

async function waitingForTrainings(ground: Ground, stub: StubService): Promise<Row[]> {
  const taskQueue = 'bench-thousand';
  const sources = join(ground.home, 'sources', taskQueue);
  const pool = await imageFolder(join(sources, 'pool'), { classes: CLASSES, perClass: 3, firstSeed: 1 });
  const evaluation = await imageFolder(join(sources, 'evaluation'), { classes: CLASSES, perClass: 2, firstSeed: 100 });
  stub.vision.holding = true;
  const worker = await startWorkerProcess(ground, stub, { name: taskQueue, taskQueue });
  try {
    const names = await startAll(ground, taskQueue, {
      collector: { kind: 'pool', path: pool },
      evaluation: { path: evaluation },
      caps: { rounds: 1 },
    });
    await untilCount(ground, { query: phaseIs(taskQueue, 'training'), count: LOOPS, what: 'wait for a training' });
    ground.say(
      `A thousand: they wait for ${SLOWED_DOWN_MS / 1000} s more, until each looks every ${SLOWEST_POLL_MS / 1000} s only`,
    );
    await pause(SLOWED_DOWN_MS);
    const { now } = await memoryOf(worker.pid);
    const released = Date.now();
    stub.vision.holding = false;
    const ended = `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Completed'`;
    await untilCount(ground, { query: ended, count: LOOPS, what: 'have ended' });
    const lastMs = Date.now() - released;
    const { highest } = await memoryOf(worker.pid);
    const limit = pLimit(AT_ONCE);
    const late = await Promise.all(
      names.map((name) => limit(async () => started(await eventsOf(ground.client, name), 'evaluateModel') - released)),
    );
    return [memoryRow('training', now, highest), ...goingOnRows(late, lastMs)];
  } finally {
    await worker.stop();
  }
}

async function waitingForPeople(ground: Ground, stub: StubService): Promise<Row[]> {
  const taskQueue = 'bench-thousand-people';
  const worker = await startWorkerProcess(ground, stub, { name: taskQueue, taskQueue });
  try {
    const names = await startAll(ground, taskQueue, { classes: CLASSES, collector: { kind: 'people' } });
    await untilCount(ground, { query: phaseIs(taskQueue, 'collecting'), count: LOOPS, what: 'wait for people' });
    const { now, highest } = await memoryOf(worker.pid);
    const limit = pLimit(AT_ONCE);
    await Promise.all(names.map((name) => limit(() => ground.client.workflow.getHandle(name).terminate())));
    return [memoryRow('people', now, highest)];
  } finally {
    await worker.stop();
  }
}

async function startAll(ground: Ground, taskQueue: string, spec: Omit<LoopSpecInput, 'name'>): Promise<string[]> {
  const names = Array.from({ length: LOOPS }, (_, i) => `${taskQueue}-${i + 1}`);
  ground.say(`A thousand: starting ${LOOPS} loops`);
  const limit = pLimit(AT_ONCE);
  await Promise.all(names.map((name) => limit(() => ground.start(taskQueue, { ...spec, name }))));
  return names;
}

function phaseIs(taskQueue: string, phase: string): string {
  return `TaskQueue = '${taskQueue}' AND ExecutionStatus = 'Running' AND LoopPhase = '${phase}'`;
}

const LOOK_MS = 1000;
const TELL_EVERY = 10;

async function untilCount(ground: Ground, wanted: { query: string; count: number; what: string }): Promise<void> {
  for (let looks = 0; ; looks += 1) {
    const { count } = await ground.client.workflow.count(wanted.query);
    if (count >= wanted.count) return;
    if (looks % TELL_EVERY === 0) ground.say(`A thousand: ${count} of ${wanted.count} ${wanted.what}`);
    await pause(LOOK_MS);
  }
}

/** When an activity was started for the first time, milliseconds since the epoch. */
function started(events: readonly Event[], activity: string): number {
  const asked = events.find((event) => scheduled(event) === activity);
  const start = events.find(
    ({ activityTaskStartedEventAttributes: of }) => of && String(of.scheduledEventId) === String(asked?.eventId),
  );
  return start ? timeOf(start) : Number.NaN;
}

function memoryRow(what: string, now: number, highest: number): Row {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
  return {
    measure: `${LOOPS.toLocaleString('en')} loops waiting for ${what} on one worker: its memory, and the most it ever had`,
    value: `${gigabytes(now)}, ${gigabytes(highest)}`,
    target: '< 1.5 GB',
    met: highest < MOST_BYTES,
  };
}

function goingOnRows(late: readonly number[], lastMs: number): Row[] {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const p99 = quantile(late, 0.99);
  return [
    {
      measure: `… all trainings end at once: until the next activity of each loop begins, p50 / p99 (each looks every ${SLOWEST_POLL_MS / 1000} s)`,
      value: `${seconds(quantile(late, 0.5))} / ${seconds(p99)}`,
      target: `p99 ≤ ${MOST_LATE_MS / 1000} s`,
      met: p99 <= MOST_LATE_MS,
    },
    {
      measure: '… loops that ended, and when the last one had',
      value: `${late.filter(Number.isFinite).length.toLocaleString('en')}, ${seconds(lastMs)}`,
      target: `all ${LOOPS.toLocaleString('en')}`,
      met: late.every(Number.isFinite),
    },
  ];
}
