import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTracing } from '../../tracing/tracing.ts';
import { deltaloop } from '../client/run-cli.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { imageSources } from '../support/sources.ts';
import { smallSpec } from '../support/specs.ts';
import { otlpReceiver } from './otlp-receiver.ts';
import { realWorker } from './real-worker.ts';

const LOOP = 'traced';
const HEADER_SECRET = 'the-key-of-the-collector';
let rig: Rig;
let receiver: Awaited<ReturnType<typeof otlpReceiver>>;

/** One loop, started and asked for by commands and run by a worker, all of which send their spans to one place. */
beforeAll(async () => {
  rig = await createRig();
  receiver = await otlpReceiver();
  const traced = {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=${HEADER_SECRET}`,
  };
  const sources = await imageSources(rig, { pool: 20, evaluation: 10 });
  const worker = await realWorker(rig, { DELTALOOP_TASK_QUEUE: 'tracing', ...traced });
  const file = join(rig.home, 'spec.yaml');
  await writeFile(file, JSON.stringify(smallSpec(LOOP, sources)));
  const env = { TEMPORAL_ADDRESS: rig.env.address, DELTALOOP_TASK_QUEUE: 'tracing', ...traced };
  const started = await deltaloop(['start', file, '--watch'], { home: rig.home, env });
  expect(started.stderr).not.toContain('OTEL');
  await worker.stop();
});
afterAll(async () => {
  await receiver.close();
  await rig.teardown();
});

describe('the traces of a loop', () => {
  it('reach the collector: its start, the loop when it ended, and every step', () => {
    const names = new Set(receiver.spans().map(({ name }) => name));
    expect([...receiver.paths]).toEqual(['POST /v1/traces']);
    for (const name of [
      'StartWorkflow:loop',
      'RunWorkflow:loop',
      'StartActivity:decideRound',
      'RunActivity:decideRound',
    ])
      expect(names).toContain(name);
  });

  it('are one trace from the command to the steps', () => {
    const spans = receiver.spans();
    const start = spans.find(({ name }) => name === 'StartWorkflow:loop');
    const step = spans.find(({ name }) => name === 'RunActivity:decideRound');
    expect(start?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(step?.traceId).toBe(start?.traceId);
    expect(spans.find(({ spanId }) => spanId === step?.parentSpanId)?.name).toBe('StartActivity:decideRound');
  });

  it('hold no secret, and nothing of the spec or the memo', () => {
    expect(receiver.text()).not.toContain(rig.service.key);
    expect(receiver.text()).not.toContain(HEADER_SECRET);
    expect(receiver.text()).not.toContain(join(rig.home, 'sources'));
    expect(receiver.text()).not.toContain('specHash');
  });

  it('leave a history that a worker without traces replays', async () => {
    const history = await rig.env.client.workflow.getHandle(LOOP).fetchHistory();
    await expect(Worker.runReplayHistory({ workflowBundle: rig.bundle }, history)).resolves.toBeUndefined();
  });
});

describe('a process without a collector', () => {
  it('opens no traces and loads nothing of OpenTelemetry', async () => {
    await expect(openTracing({}, 'a test')).resolves.toBeNull();
    await expect(
      openTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SDK_DISABLED: 'true' }, 'a test'),
    ).resolves.toBeNull();
    const settings = fileURLToPath(new URL('../../worker/main.ts', import.meta.url));
    const program = `await import(${JSON.stringify(settings)}); const { createRequire } = await import('node:module');
      console.log(Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('opentelemetry')).length);`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
    expect(stdout.trim()).toBe('0');
  });
});
