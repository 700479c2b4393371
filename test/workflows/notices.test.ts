import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { resolve, stop } from '../../workflows/messages.ts';
import { type FaultyProxy, faultyProxy } from '../support/proxy.ts';
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts';
import { createRig, type LoopHandle, profiles, type Rig, start } from '../support/rig.ts';
import { imageSources, type Sources } from '../support/sources.ts';
import { smallSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;
let receiver: Receiver;
const stops: (() => Promise<void>)[] = [];

beforeAll(async () => {
  // Few events suffice for a new run, so that notices are carried along.
  rig = await createRig(['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=40']);
  proxy = await faultyProxy(rig.service.url);
  sources = await imageSources(rig, { pool: 12, evaluation: 10 });
  receiver = await startReceiver(rig.home);
  const services = profiles({ url: proxy.url, key: rig.service.key });
  stops.push(await rig.work('told', services, { webhook: receiver.webhook }));
  stops.push(await rig.work('dead', services, { webhook: { ...receiver.webhook, url: 'https://localhost:9/' } }));
  stops.push(await rig.work('silent', services));
});

afterAll(async () => {
  proxy.rule(null);
  for (const stopWorkers of stops) await stopWorkers();
  await receiver.close();
  await proxy.close();
  await rig.teardown();
});

const spec = (name: string, more: Partial<LoopSpecInput> = {}) =>
  smallSpec(name, sources, { caps: { rounds: 1, hours: 1 }, patience: 9, ...more });

const timings = { noticeMs: 30_000 };

/** What was received of a loop, in order. */
function of(loop: string): (Received & { event: Record<string, unknown> & { data: Record<string, unknown> } })[] {
  const all = receiver.received.map((each) => ({ ...each, event: JSON.parse(each.body) }));
  return all.filter(({ event }) => event.subject === loop);
}

/** As docs/webhooks.md verifies. */
function genuine({ headers, body }: Received): boolean {
  const [id, at, given] = ['id', 'timestamp', 'signature'].map((name) => String(headers[`webhook-${name}`]));
  const mac = createHmac('sha256', receiver.webhook.secret).update(`${id}.${at}.${body}`).digest('base64');
  return given === `v1,${mac}` && Math.abs(Date.now() / 1000 - Number(at)) < 300;
}

async function notified(handle: LoopHandle): Promise<number> {
  const { events = [] } = await handle.fetchHistory();
  return (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'notify')
    .length;
}

describe('a loop with a webhook', () => {
  it('tells signed what it needs, what the budget came to, and how it ended; again after a 500, under the same id', async () => {
    let refusedOne = false;
    receiver.answer(() => {
      if (refusedOne) return 204;
      refusedOne = true;
      return 500;
    });
    proxy.rule(({ method, path }) =>
      method === 'PUT' && path.includes('/models/told') ? { status: 401, code: 'Unauthorized' } : null,
    );
    const { handle } = await start(rig, { taskQueue: 'told', spec: spec('told'), timings });
    await until(handle, ({ phase }) => phase === 'needs-attention');
    proxy.rule(null);
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    await handle.result();
    const events = of('told');
    expect(events.every(genuine)).toBe(true);
    const ids = events.map(({ event }) => event['id']);
    expect(new Set(ids)).toEqual(new Set(['told/1/budget-100-1', 'told/1/needs-attention-1', 'told/1/finished-1']));
    expect(ids.length).toBe(4);
    const asking = events.find(({ event }) => event['id'] === 'told/1/needs-attention-1');
    expect(asking?.headers['content-type']).toBe('application/cloudevents+json; charset=utf-8');
    expect(asking?.event).toMatchObject({
      specversion: '1.0',
      type: 'deltaloop.loop.needs-attention',
      source: expect.stringMatching(/^urn:deltaloop:told:/),
      datacontenttype: 'application/json',
      data: {
        loop: 'told',
        next: expect.stringContaining('`deltaloop resolve told retry`'),
        attention: { type: 'ServiceUnauthorized', step: 'train' },
        budget: { capMinutes: 60, reservedMinutes: 60 },
        ui: 'http://ui.test/namespaces/default/workflows/told',
      },
    });
    const end = events.find(({ event }) => event['id'] === 'told/1/finished-1');
    expect(end?.event['data']).toMatchObject({ outcome: { outcome: 'budget-exhausted' } });
    for (const { body } of events)
      for (const secret of [rig.service.key, proxy.url, rig.service.url]) expect(body).not.toContain(secret);
  });

  it('tells also of trouble that comes before its first step has worked', async () => {
    receiver.answer(() => 204);
    const wrong = { collector: { kind: 'pool' as const, path: join(rig.home, 'nowhere') } };
    const { handle } = await start(rig, { taskQueue: 'told', spec: spec('early', wrong), timings });
    await until(handle, ({ phase }) => phase === 'needs-attention');
    await handle.executeUpdate(stop, { args: [{}] });
    await handle.result();
    expect(of('early').map(({ event }) => event['id'])).toEqual(['early/0/needs-attention-1', 'early/0/finished-1']);
  });

  it('asks people for images, reminds them, and carries what is not told yet into a new run', async () => {
    receiver.answer(() => 503);
    const people = {
      classes: ['red', 'green'],
      collector: { kind: 'people' as const, reminders: ['1s'] },
      evaluation: undefined,
      target: undefined,
    };
    const { handle } = await start(rig, {
      taskQueue: 'told',
      spec: spec('asked', { ...people, claim: 'measured' }),
      timings,
    });
    await until(handle, () => of('asked').some(({ event }) => event['id'] === 'asked/1/reminder-1'));
    receiver.answer(() => 204);
    await handle.executeUpdate(stop, { args: [{}] });
    await handle.result();
    const taken = of('asked')
      .filter(({ status }) => status === 204)
      .map(({ event }) => event['id']);
    expect(new Set(taken)).toEqual(
      new Set(['asked/1/waiting-for-people-1', 'asked/1/reminder-1', 'asked/1/finished-1']),
    );
    expect(
      of('asked').find(({ event }) => event['id'] === 'asked/1/waiting-for-people-1')?.event.data['next'],
    ).toContain('`deltaloop submit asked DIR`');
  });
});

describe('a receiver that is away', () => {
  it('delays and fails nothing, and the end waits for it a bounded time', async () => {
    const { handle, folder } = await start(rig, { taskQueue: 'dead', spec: spec('dead'), timings: { noticeMs: 500 } });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'budget-exhausted', rounds: 1 });
    expect(await notified(handle)).toBe(2);
    expect(await folder.readJson('outcome.json')).toMatchObject({ outcome: 'budget-exhausted' });
  });
});

describe('a loop without a webhook', () => {
  it('has no event more for all that there would have been to tell', async () => {
    const { handle } = await start(rig, { taskQueue: 'silent', spec: spec('silent') });
    await handle.result();
    expect(await notified(handle)).toBe(0);
  });

  it('is asked about again by its log after hours without an answer', async () => {
    const wrong = { collector: { kind: 'pool' as const, path: join(rig.home, 'nowhere') } };
    const { handle } = await start(rig, {
      taskQueue: 'silent',
      spec: spec('waiting', wrong),
      timings: { remindersMs: [800, 1600] },
    });
    await until(handle, ({ phase }) => phase === 'needs-attention');
    const fired = async () =>
      ((await handle.fetchHistory()).events ?? []).filter((event) => event.timerFiredEventAttributes).length;
    while ((await fired()) < 2) await until(handle, () => true);
    expect(await until(handle, () => true)).toMatchObject({ phase: 'needs-attention' });
    await handle.executeUpdate(resolve, { args: [{ answer: 'stop' }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'stopped' });
  });
});
