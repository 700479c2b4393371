import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMBEDDED_CAPABILITIES } from '../../vision/capabilities.ts';
import { VisionConnectionError } from '../../vision/errors.ts';
import type { Timings } from '../../workflows/messages.ts';
import { resolve } from '../../workflows/messages.ts';
import { createRig, type Rig, start } from '../support/rig.ts';
import { ScriptedService, SOUND } from '../support/scripted-service.ts';
import { imageSources, type Sources } from '../support/sources.ts';
import { unpredictedSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

const taskQueue = 'failures-outage';
let rig: Rig;
let sources: Sources;
let stopWorkers: () => Promise<void>;
/** Calls that bring no answer. */
let away: ((call: string) => boolean) | null = null;
let looks = 0;
/** Looks after which trainings end. */
let length = 0;

beforeAll(async () => {
  rig = await createRig();
  sources = await imageSources(rig, { pool: 6, evaluation: 4 });
  const service = new ScriptedService({
    fate: () => ({ ...SOUND, looks: length }),
    asked: (call) => {
      if (call.startsWith('GET models/')) looks += 1;
      if (away?.(call))
        throw new VisionConnectionError({ method: 'GET', path: '/p', origin: 'http://service', code: 'ECONNREFUSED' });
    },
  });
  const profile = { client: service.client(), capabilities: EMBEDDED_CAPABILITIES };
  stopWorkers = await rig.work(taskQueue, new Map([['default', profile]]));
});

afterAll(async () => {
  away = null;
  await stopWorkers();
  await rig.teardown();
});

/** One try fails at once, the next after a second: by then the service has been away for long. */
const timings: Partial<Timings> = { outageMs: 500 };
const begin = (name: string) => start(rig, { taskQueue, spec: unpredictedSpec(name, sources), timings });
const OUTAGE = /The vision service has not answered since .* UTC; tried \d+ times\. Last: .*ECONNREFUSED/;

async function events(handle: { fetchHistory(): Promise<{ events?: unknown[] | null }> }): Promise<number> {
  return (await handle.fetchHistory()).events?.length ?? 0;
}

describe('a vision service that does not answer for long', () => {
  it('is told in every view, asks nobody, and is forgotten once it answers', async () => {
    length = 0;
    away = (call) => call.startsWith('PUT models/');
    const { handle } = await begin('silent');
    const seen = await until(handle, ({ state }) => OUTAGE.test(state));
    expect(seen).toMatchObject({ phase: 'training', attention: null });
    expect(seen.next).toContain('deltaloop stop silent --now');
    await expect(handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] })).rejects.toThrow();
    away = null;
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', billedMinutes: 7 });
    expect((await until(handle, () => true)).state).not.toMatch(OUTAGE);
  });

  it('is told of a training under way too, and no longer as soon as it answers, however long the training goes on', async () => {
    length = 1_000_000;
    looks = 0;
    away = null;
    const { handle } = await begin('long');
    await until(handle, ({ phase }) => phase === 'training' && looks > 6);
    away = (call) => call.startsWith('GET models/');
    await until(handle, ({ state }) => OUTAGE.test(state));
    away = null;
    const since = looks;
    const seen = await until(handle, ({ state }) => !OUTAGE.test(state) && looks > since + 2);
    expect(seen).toMatchObject({ phase: 'training', attention: null });
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow('cancelled');
  });

  it('is not told of a training that is only long, and costs no event while it waits', async () => {
    length = 1_000_000;
    looks = 0;
    const { handle } = await begin('healthy');
    await until(handle, ({ phase }) => phase === 'training' && looks > 2);
    const before = await events(handle);
    const since = Date.now();
    const seen = await until(handle, () => Date.now() - since > 4 * 500);
    expect(seen.state).not.toMatch(OUTAGE);
    expect(await events(handle)).toBe(before);
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow('cancelled');
  });

  it('costs a handful of events, since each notice doubles the time to the next', async () => {
    length = 0;
    away = (call) => call.startsWith('PUT models/');
    const { handle } = await begin('patient');
    const seen = await until(handle, ({ state }) => /tried (?:[5-9]|\d\d) times/.test(state));
    expect(seen.attention).toBeNull();
    const history = await handle.fetchHistory();
    const starts = history.events?.filter(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'startTraining',
    );
    expect(starts?.length).toBeLessThanOrEqual(4);
    away = null;
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
  });
});
