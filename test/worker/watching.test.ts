import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { choosePort } from '../../dev/ports.ts';
import { OUTCOMES } from '../../loop/outcome.ts';
import { pause, resolve, resume } from '../../workflows/messages.ts';
import { faultyProxy } from '../support/proxy.ts';
import { createRig, type Rig, start } from '../support/rig.ts';
import { imageSources } from '../support/sources.ts';
import { smallSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';
import { type Line, type RealWorker, realWorker } from './real-worker.ts';

const LOOP = 'watched';
const OTHERS_SECRET = 'a-planted-secret-of-temporal';
let rig: Rig;
let worker: RealWorker;
let lines: Line[];
let metrics: string;

/** One loop on a worker with everything on, through an outage, a pause, and a wait for an answer. */
beforeAll(async () => {
  rig = await createRig();
  const sources = await imageSources(rig, { pool: 30, evaluation: 10 });
  const proxy = await faultyProxy(rig.service.url);
  let outages = 1;
  proxy.rule(({ method, path }) => {
    if (method !== 'PUT' || !path.includes(`/models/${LOOP}-r1`) || path.includes('/evaluations/')) return null;
    if (outages > 0) {
      outages -= 1;
      return { status: 503, code: 'Busy' };
    }
    proxy.rule(null);
    return { status: 401, code: 'Unauthorized' };
  });
  const port = await choosePort('metrics', 0, () => undefined);
  worker = await realWorker(
    { ...rig, service: { ...rig.service, url: proxy.url } },
    {
      DELTALOOP_TASK_QUEUE: 'watching',
      DELTALOOP_LOG_LEVEL: 'debug',
      DELTALOOP_METRICS_PORT: String(port),
      DELTALOOP_CODEC_TOKEN: OTHERS_SECRET,
    },
  );
  const { handle } = await start(rig, {
    taskQueue: 'watching',
    spec: smallSpec(LOOP, sources, { patience: 9, caps: { rounds: 2 } }),
  });
  await handle.executeUpdate(pause, { args: [{ by: 'a person' }] });
  await until(handle, ({ phase }) => phase === 'paused');
  await handle.executeUpdate(resume, { args: [{ by: 'a person' }] });
  await until(handle, ({ attention }) => attention !== null);
  await handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'a person' }] });
  await handle.result();
  // A step that the worker cannot do at all, as one whose history it cannot take up; the failure is counted.
  await rig.env.client.workflow.start('no-such-loop', { taskQueue: 'watching', workflowId: 'of-another-version' });
  await vi.waitUntil(
    async () =>
      (await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).includes(
        '\ntemporal_workflow_task_execution_failed',
      ),
    { timeout: 30_000 },
  );
  metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(await worker.stop()).toBe(0);
  await proxy.close();
  lines = worker.lines();
});
afterAll(() => rig.teardown());

/** Lines that tell of the loop in any way. */
function aboutLoop(): Line[] {
  return lines.filter((line) => JSON.stringify(line).includes(LOOP));
}

describe('the log of a worker', () => {
  it('names loop, round and activity on every line about a loop', () => {
    expect(aboutLoop().length).toBeGreaterThan(20);
    for (const line of aboutLoop())
      expect(line).toMatchObject({ loop: LOOP, activity: expect.toBeOneOf([expect.any(String), null]) });
    // Temporal's own “Workflow started” may come before any step has told the round.
    const rounded = aboutLoop().filter(({ msg }) => msg !== 'Workflow started');
    for (const line of rounded) expect(line).toMatchObject({ round: expect.any(Number) });
    const steps = aboutLoop().filter(({ msg }) => msg.startsWith('step'));
    for (const { activity } of steps) expect(activity).toEqual(expect.any(String));
    const rounds = new Set(steps.map(({ round, activity }) => `${String(activity)} ${String(round)}`));
    expect([...rounds]).toEqual(expect.arrayContaining(['prepareLoop 0', 'decideRound 1', 'decideRound 2']));
  });

  it('tells of each step once at its end, and of failures as loud as they are', () => {
    const told = aboutLoop().map(({ level, msg, activity, type }) => ({ level, msg, activity, type }));
    const decided = told.filter(({ msg, activity }) => msg === 'step done' && activity === 'decideRound');
    expect(decided.map(({ level }) => level)).toEqual([30, 30]);
    expect(told).toContainEqual({
      level: 40,
      msg: 'step failed and is tried again',
      activity: 'startTraining',
      type: 'ServiceUnavailable',
    });
    expect(told).toContainEqual({
      level: 40,
      msg: 'step failed; the loop is told',
      activity: 'startTraining',
      type: 'ServiceUnauthorized',
    });
    expect(told).toContainEqual({
      level: 40,
      msg: 'the loop needs attention',
      activity: null,
      type: 'ServiceUnauthorized',
    });
  });

  it('holds no secret', () => {
    const text = JSON.stringify(lines);
    expect(text).not.toContain(rig.service.key);
    expect(text).not.toContain(OTHERS_SECRET);
  });
});

/** The value of a series; undefined where there is none. */
function figure(name: string, labels: Record<string, string> = {}): number | undefined {
  const series = metrics.split('\n').filter((line) => line.startsWith(`${name}{`));
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const line = series.find((candidate) => wanted.every((label) => candidate.includes(label)));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ')));
}

describe('the metrics of a worker', () => {
  it('count rounds, decisions, trainings and compute minutes', () => {
    expect(figure('deltaloop_rounds_decided_total', { action: 'collect', outcome: 'none' })).toBe(1);
    expect(figure('deltaloop_rounds_decided_total', { action: 'stop', outcome: 'round-limit' })).toBe(1);
    expect(figure('deltaloop_loops_ended_total', { outcome: 'round-limit' })).toBe(1);
    expect(figure('deltaloop_trainings_total', { end: 'succeeded' })).toBe(2);
    const spent = figure('deltaloop_compute_minutes_spent_total') ?? 0;
    expect(spent).toBeGreaterThan(0);
    expect(figure('deltaloop_compute_minutes_reserved_total')).toBeGreaterThanOrEqual(spent);
  });

  it('count failures by type, and how long the loop waited for what', () => {
    expect(figure('deltaloop_attention_total', { type: 'ServiceUnauthorized' })).toBe(1);
    expect(figure('deltaloop_step_failures_total', { type: 'ServiceUnavailable', again: 'true' })).toBe(1);
    for (const awaited of ['training', 'attention', 'resume']) {
      expect(figure('deltaloop_wait_seconds_count', { waits_for: awaited })).toBeGreaterThan(0);
    }
    expect(figure('deltaloop_open_loops')).toBeGreaterThanOrEqual(0);
    expect(figure('deltaloop_waiting_loops', { waits_for: 'people' })).toBe(0);
  });

  it('name no loop and no secret', () => {
    expect(metrics).not.toContain(LOOP);
    expect(metrics).not.toContain(rig.service.key);
  });

  it('are all there that the page on operations names', async () => {
    const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const named = new Set(page.match(/\b(?:deltaloop|temporal)_[a-z_]+\b/g));
    expect(named.size).toBeGreaterThan(10);
    const served = new Set([...metrics.matchAll(/^([a-z_]+)[{ ]/gm)].map(([, name]) => name));
    expect([...named].filter((name) => !served.has(name))).toEqual([]);
  });

  it('spell outcomes as the rules do', () => {
    const outcomes = [...metrics.matchAll(/^deltaloop_loops_ended_total\{.*outcome="([^"]+)"/gm)].map(
      ([, name]) => name,
    );
    expect(outcomes.filter((name) => !OUTCOMES.some((outcome) => outcome === name))).toEqual([]);
  });
});
