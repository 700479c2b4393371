import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { copyBatch } from '../../collect/submit.ts';
import { ensureTemporalBinary } from '../../dev/temporal-binary.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { adjust, pause, resolve, resume, stop, submitImages } from '../../workflows/messages.ts';
import { failingEvaluation, failingTraining } from '../support/failing.ts';
import { imageFolder } from '../support/images.ts';
import { startReceiver } from '../support/receiver.ts';
import { createRig, type Rig, type Started, start } from '../support/rig.ts';
import { until } from '../support/watching.ts';
import { currentVersion, HISTORIES } from './versions.ts';

/**
 * Records the history of one real loop per outcome for the replay test, into the folder of the present version:
 * `npm run record-histories`. What has been recorded is never replaced, and folders of other versions are never written
 * to: loops started by them may still be running somewhere. A new version starts with an empty folder.
 */
const FOLDER = new URL(`${currentVersion()}/`, HISTORIES);
const common = 'record';
/** Of workers that have a webhook. */
const told = 'record-told';
const binary = await ensureTemporalBinary({ say: () => undefined, env: process.env });
const rig = await createRig(
  [],
  [
    failingTraining('round-limit-after-failures', 'notEnoughBudget', { attempts: '1' }),
    failingTraining('round-limit-after-failures', 'datasetNotFound', { attempts: '2' }),
    failingTraining('round-limit-after-failures', 'unknown', { attempts: '3' }),
    failingTraining('round-limit-after-failures', 'datasetCorrupt', { attempts: '4' }),
    failingEvaluation('round-limit-after-failures', 'internalServerError', 1),
    failingEvaluation('round-limit-after-a-skip', 'incorrectModelKind', 1),
  ],
);
const pool = await imageFolder(join(rig.home, 'pool'), { perClass: 30, firstSeed: 1 });
const small = await imageFolder(join(rig.home, 'small'), { perClass: 3, firstSeed: 500 });
const evaluation = await imageFolder(join(rig.home, 'evaluation'), { perClass: 10, firstSeed: 1000 });
/** Hues at random: nothing is learned about them. */
const hopeless = await imageFolder(join(rig.home, 'hopeless'), { perClass: 30, firstSeed: 2000, spread: 180 });
const classes = ['red', 'green', 'blue'];
const unreachable = { target: 1, claim: 'lower-bound', patience: 9 } as const;

interface Recording {
  spec: Partial<LoopSpecInput>;
  deadline?: number;
  /** Whose workers run it; the common one where left out. */
  taskQueue?: string;
  /** What people do while the loop runs. */
  meanwhile?: (started: Started) => Promise<void>;
}

const RECORDINGS: Record<string, Recording> = {
  'target-reached': { spec: { target: 0.4 } },
  'good-enough': { spec: { patience: 1, margin: 0.3 } },
  'good-enough-by-forecast': { spec: { policy: 'forecast', margin: 0.2 } },
  'target-unreachable': { spec: { policy: 'forecast', target: 0.95, evaluation: { path: hopeless } } },
  'not-improving': { spec: { ...unreachable, patience: 1, margin: 0.3 } },
  'images-exhausted': { spec: { ...unreachable, collector: { kind: 'pool', path: small } } },
  'budget-exhausted': { spec: { ...unreachable, caps: { hours: 1 } } },
  'image-limit': { spec: { ...unreachable, caps: { images: 6 } } },
  'round-limit': { spec: { ...unreachable, caps: { rounds: 2 } } },
  'round-limit-with-parts': {
    spec: {
      ...unreachable,
      policy: 'forecast',
      forecast: { confidence: 1, giveUp: 0 },
      imagesPerClass: 8,
      caps: { rounds: 1 },
    },
  },
  'round-limit-by-people': {
    spec: { ...unreachable, classes, collector: { kind: 'people' }, caps: { rounds: 1 } },
    meanwhile: handIn,
  },
  'round-limit-after-failures': {
    spec: { ...unreachable, caps: { rounds: 1 } },
    meanwhile: ({ handle }) => answerOnce(handle, 'retry'),
  },
  'round-limit-after-a-skip': {
    spec: { ...unreachable, caps: { rounds: 1 } },
    meanwhile: ({ handle }) => answerOnce(handle, 'skip'),
  },
  'round-limit-after-changes': {
    spec: { ...unreachable, service: 'elsewhere', caps: { rounds: 3 } },
    meanwhile: changeService,
  },
  'round-limit-with-a-webhook': {
    spec: { ...unreachable, caps: { rounds: 1 } },
    taskQueue: told,
  },
  deadline: { spec: unreachable, deadline: Date.now() - 1 },
  stopped: { spec: unreachable, meanwhile: pauseThenStop },
  'stopped-from-attention': { spec: { ...unreachable, evaluation: { path: pool } }, meanwhile: answerStop },
};

async function handIn({ handle, folder }: Started): Promise<void> {
  await until(handle, ({ phase }) => phase === 'collecting');
  for (const firstSeed of [1, 2]) {
    const dir = await imageFolder(join(rig.home, randomUUID()), { perClass: 1, firstSeed });
    const { manifest, counts } = await copyBatch(folder, dir, { classes });
    await handle.executeUpdate(submitImages, { args: [{ manifest, counts, by: 'a person' }] });
  }
}

async function changeService({ handle }: Started): Promise<void> {
  await until(handle, ({ phase }) => phase === 'needs-attention');
  const set = { service: 'default', 'caps.rounds': 1 };
  await handle.executeUpdate(adjust, { args: [{ set: { 'caps.hours': 30 }, by: 'a person', reason: 'recorded' }] });
  await handle.executeUpdate(resolve, { args: [{ answer: 'retry', set, by: 'a person', reason: 'recorded' }] });
}

async function answerOnce(handle: Started['handle'], answer: 'retry' | 'skip'): Promise<void> {
  await until(handle, ({ phase }) => phase === 'needs-attention');
  await handle.executeUpdate(resolve, { args: [{ answer, by: 'a person', reason: 'recorded' }] });
}

async function pauseThenStop({ handle }: Started): Promise<void> {
  await handle.executeUpdate(pause, { args: [{ by: 'a person' }] });
  await until(handle, ({ phase }) => phase === 'paused');
  await handle.executeUpdate(resume, { args: [{ by: 'a person' }] });
  await until(handle, ({ phase }) => phase === 'training');
  await handle.executeUpdate(stop, { args: [{ by: 'a person', now: true, reason: 'recorded' }] });
}

async function answerStop({ handle }: Started): Promise<void> {
  await until(handle, ({ phase }) => phase === 'needs-attention');
  await handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'a person' }] });
  await until(handle, ({ phase, attention }) => phase === 'needs-attention' && attention !== null);
  await handle.executeUpdate(resolve, { args: [{ answer: 'stop', by: 'a person', reason: 'recorded' }] });
}

/** Who ran it and where is nobody's business, differs on every machine, and is not replayed. */
function anonymous(key: string, value: unknown): unknown {
  if (key === 'stackTrace') return '';
  return key === 'identity' || key === 'workerInstanceKey' || key === 'requestId' ? 'recorded' : value;
}

/** As Temporal's own command writes it: the form that every replayer reads. */
async function historyOf({ env }: Rig, name: string): Promise<unknown> {
  const show = ['workflow', 'show', '--workflow-id', name, '--output', 'json', '--address', env.address];
  const { stdout } = await promisify(execFile)(binary, show, { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}

async function record(
  made: Rig,
  name: string,
  { spec, deadline, meanwhile, taskQueue = common }: Recording,
): Promise<void> {
  const whole = {
    name,
    collector: { kind: 'pool' as const, path: pool },
    evaluation: { path: evaluation },
    policy: 'thresholds' as const,
    imagesPerClass: 2,
    ...spec,
  };
  const started = await start(made, { taskQueue, spec: whole, ...(deadline === undefined ? {} : { deadline }) });
  await meanwhile?.(started);
  const { outcome } = await started.handle.result();
  if (!name.startsWith(outcome)) throw new Error(`${name} ended as ${outcome}`);
  const history = await historyOf(made, name);
  await writeFile(new URL(`${name}.json`, FOLDER), `${JSON.stringify(history, anonymous)}\n`, { flag: 'wx' });
  process.stderr.write(`recorded ${currentVersion()}/${name}\n`);
}

await mkdir(FOLDER, { recursive: true });
const receiver = await startReceiver(rig.home);
const halts = [await rig.work(common), await rig.work(told, undefined, { webhook: receiver.webhook })];
for (const [name, recording] of Object.entries(RECORDINGS)) {
  if (!existsSync(new URL(`${name}.json`, FOLDER))) await record(rig, name, recording);
}
for (const halt of halts) await halt();
await receiver.close();
await rig.teardown();
