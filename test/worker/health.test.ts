import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRig, type Rig } from '../support/rig.ts';
import { type RealWorker, realWorker } from './real-worker.ts';

const Answer = z.object({
  ok: z.boolean(),
  reasons: z.array(z.string()).optional(),
  buildId: z.string().nullable().optional(),
  workers: z
    .array(z.object({ taskQueue: z.string(), state: z.string(), lastPoll: z.string().nullable(), steps: z.number() }))
    .optional(),
});

let rig: Rig;
let worker: RealWorker;
beforeAll(async () => {
  rig = await createRig();
  const versioned = { DELTALOOP_DEPLOYMENT_NAME: 'deltaloop', DELTALOOP_BUILD_ID: 'health-1' };
  worker = await realWorker(rig, { DELTALOOP_TASK_QUEUE: 'health', DELTALOOP_HEALTH_PORT: '0', ...versioned });
});
afterAll(() => worker.stop());

async function ask(path: string, method = 'GET') {
  const response = await fetch(`http://127.0.0.1:${worker.healthPort}${path}`, { method });
  const text = await response.text();
  return { response, text, answer: () => Answer.parse(JSON.parse(text)) };
}

/** Asks as fast as it answers until it answers with that status. */
async function readyWith(status: number) {
  for (;;) {
    const asked = await ask('/ready');
    if (asked.response.status === status) return asked.answer();
  }
}

describe('a worker', () => {
  it('says that it is ready, with its build and when the server last heard each of its workers', async () => {
    const { ok, reasons, buildId, workers } = await readyWith(200);
    expect({ ok, reasons, buildId }).toEqual({ ok: true, reasons: [], buildId: 'health-1' });
    expect(workers?.map(({ taskQueue, state, steps }) => ({ taskQueue, state, steps }))).toEqual([
      { taskQueue: 'health', state: 'RUNNING', steps: 0 },
      { taskQueue: 'health-waits', state: 'RUNNING', steps: 0 },
    ]);
  });

  it('names the setting when another program has its health port, or its bundle is not there', async () => {
    const taken = { DELTALOOP_TASK_QUEUE: 'taken', DELTALOOP_HEALTH_PORT: String(worker.healthPort) };
    await expect(realWorker(rig, taken)).rejects.toThrow(/DELTALOOP_HEALTH_PORT/);
    const bundle = { DELTALOOP_TASK_QUEUE: 'taken', DELTALOOP_WORKFLOW_BUNDLE: '/nowhere/bundle.js' };
    await expect(realWorker(rig, bundle)).rejects.toThrow(/\/nowhere\/bundle\.js/);
  });

  it('answers reading only, tells nothing else, and lets nobody keep an answer', async () => {
    const { response } = await ask('/ready?x=1');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    for (const method of ['POST', 'DELETE', 'PUT']) {
      const refused = await ask('/health', method);
      expect(refused.response.status).toBe(405);
      expect(refused.response.headers.get('allow')).toBe('GET, HEAD');
    }
    expect((await ask('/health', 'HEAD')).text).toBe('');
    expect((await ask('/metrics')).response.status).toBe(404);
  });

  it('is alive but not ready, and says why, once the Temporal server is gone', async () => {
    await rig.teardown();
    const { reasons, workers } = await readyWith(503);
    expect(reasons).toEqual([expect.stringMatching(/^The Temporal server does not answer: .+\.$/)]);
    expect(workers?.map(({ state }) => state)).toEqual(['RUNNING', 'RUNNING']);
    expect((await ask('/health')).answer()).toMatchObject({ ok: true, buildId: 'health-1' });
  });
});
