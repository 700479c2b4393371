import { sha256Of } from '../../data/hash.ts';
import { decide } from '../../decide/decide.ts';
import { LoopSpecSchema } from '../../loop/spec.ts';
import { INPUTS } from '../client/decided-loop.ts';
import { RESULT } from '../client/loop-on-disk.ts';
import type { Evidence, LoopEvidence } from './evidence.ts';
import { readHistory } from './history.ts';
import type { RecordedRequest } from './request-log.ts';

/** Evidence of a loop of two rounds in which everything is well, for tests that tamper with a piece of it. */
export const LOOP = 'well';
export const MODEL = `${LOOP}-r1-0123456789ab-1`;
const HASH = 'evaluation-hash';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const IMAGES = ['first', 'second', 'third', 'fourth'].map((text) => Buffer.from(`image ${text}`));
const MEASURED = Buffer.from('image for measuring');
export const nameOf = (bytes: Buffer) => `${sha256Of(bytes)}.png`;
export const [FIRST, SECOND, THIRD, FOURTH] = IMAGES as [Buffer, Buffer, Buffer, Buffer];

/** An image as a draw lists it. */
export function stored(bytes: Buffer) {
  const sha256 = sha256Of(bytes);
  return { sha256, pixelSha256: sha256, file: `${sha256}.png`, className: 'red', width: 64, height: 64 };
}

export function draw(round: number, images: readonly Buffer[]): Buffer {
  return json({
    schemaVersion: 1,
    round,
    images: images.map(stored),
    short: {},
    exhausted: false,
    findings: [],
    passedOver: [],
  });
}

export function coco(images: readonly Buffer[]): Buffer {
  return json({ images: images.map((bytes) => ({ file_name: nameOf(bytes) })), annotations: [], categories: [] });
}

export function admission(
  sequence: number,
  { manifest, images }: { manifest: string; images: readonly Buffer[] },
): Buffer {
  return json({ sequence, manifest: { sha256: manifest }, images: images.map(stored) });
}

export function outcome(counts: { images: number; unusedImages: number }): Buffer {
  return json({ ...RESULT, loop: LOOP, ...counts });
}

const EVALUATION = coco([MEASURED]);

function files(): Map<string, Buffer> {
  const decisions = INPUTS.slice(0, 2).map((input) => json({ input, decision: decide(input) }));
  return new Map([
    ...IMAGES.map((bytes) => [`images/${nameOf(bytes)}`, bytes] as const),
    [`evaluation/images/${nameOf(MEASURED)}`, MEASURED],
    ['evaluation/set.json', json({ images: [stored(MEASURED)] })],
    ['evaluation/coco.json', EVALUATION],
    ['rounds/1/draw.json', draw(1, [FIRST, SECOND])],
    ['rounds/2/draw.json', draw(2, [THIRD, FOURTH])],
    ['rounds/1/coco.json', coco([FIRST, SECOND])],
    ['rounds/2/coco.json', coco(IMAGES)],
    ...decisions.map((bytes, at) => [`rounds/${at + 1}/decision.json`, bytes] as const),
    ['outcome.json', outcome({ images: 4, unusedImages: 0 })],
  ]);
}

const payloads = (value: unknown) => ({
  payloads: [{ metadata: { encoding: 'anNvbg==' }, data: Buffer.from(JSON.stringify(value)).toString('base64') }],
});

/** An event of a step that begins. */
export function scheduled(eventId: number, name: string, input: object): object {
  return {
    eventId: String(eventId),
    activityTaskScheduledEventAttributes: { activityType: { name }, input: payloads(input) },
  };
}

/** An event of a step that was done. */
export function completed(scheduledEventId: number, result: object): object {
  return {
    eventId: String(scheduledEventId + 1),
    activityTaskCompletedEventAttributes: { scheduledEventId: String(scheduledEventId), result: payloads(result) },
  };
}

/** An event of a message that the loop took. */
export function update(eventId: number, name: string, argument: object): object {
  const acceptedRequest = { input: { name, args: payloads(argument) } };
  return { eventId: String(eventId), workflowExecutionUpdateAcceptedEventAttributes: { acceptedRequest } };
}

export const EVENTS: readonly object[] = [
  scheduled(1, 'prepareLoop', { loop: LOOP }),
  completed(1, {
    classes: ['red'],
    evaluation: { hash: HASH, file: { sha256: sha256Of(EVALUATION) } },
    firstNeed: { red: 2 },
  }),
  scheduled(10, 'collectImages', { round: 1 }),
  scheduled(20, 'startTraining', { model: MODEL, hours: 1 }),
  scheduled(30, 'evaluateModel', { model: MODEL, evaluationHash: HASH }),
  scheduled(40, 'decideRound', { round: 1 }),
  scheduled(50, 'collectImages', { round: 2 }),
  scheduled(60, 'startTraining', { model: MODEL.replace('-r1-', '-r2-'), hours: 1 }),
];

/** A history of events, as it would be read. */
export function historyOf(events: readonly object[]): Pick<LoopEvidence, 'history' | 'historyJson'> {
  const historyJson = JSON.stringify({ events });
  return { historyJson, history: readHistory(historyJson) };
}

/** An order of a training that the service took on. */
export function order(model: string, more: Partial<RecordedRequest> = {}): RecordedRequest {
  const training = { dataset: 'd', hours: 1 };
  const seen = { name: model, status: 'notStarted', minutes: null };
  return {
    at: 1,
    method: 'PUT',
    path: `models/${model}`,
    digest: 'body',
    training,
    reached: 'yes',
    status: 201,
    model: seen,
    fault: null,
    delivered: true,
    ...more,
  };
}

/** The loop, with some of it replaced. */
export function loopWith(more: Partial<LoopEvidence> & { put?: Record<string, Buffer | null> } = {}): LoopEvidence {
  const { put = {}, ...rest } = more;
  const all = files();
  for (const [path, bytes] of Object.entries(put))
    if (bytes === null) all.delete(path);
    else all.set(path, bytes);
  const pixels = new Map(
    [...all].filter(([path]) => path.endsWith('.png')).map(([path, bytes]) => [path, sha256Of(bytes)]),
  );
  const spec = LoopSpecSchema.parse({
    name: LOOP,
    collector: { kind: 'pool', path: '/pool' },
    caps: { hours: 4, rounds: 2, images: 10 },
  });
  const tended = { status: 'COMPLETED', seen: null, answers: [] };
  return { name: LOOP, spec, status: 'COMPLETED', tended, told: [], files: all, pixels, ...historyOf(EVENTS), ...rest };
}

/** Evidence in which everything is well but what is replaced. */
export function evidenceWith(more: Partial<Evidence> & { loop?: LoopEvidence } = {}): Evidence {
  const { loop = loopWith(), ...rest } = more;
  const models = [MODEL, MODEL.replace('-r1-', '-r2-')];
  return {
    loops: [loop],
    restored: false,
    requests: models.map((model) => order(model)),
    ledger: models.map((model) => ({ model, status: 'succeeded', billedMinutes: 30 })),
    logs: [{ name: 'worker', text: 'worker is ready' }],
    secrets: ['a planted secret'],
    ...rest,
  };
}
