import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dataConverter } from '../../codec/data-converter.ts';
import { choosePort } from '../../dev/ports.ts';
import { runCommand } from '../../dev/run-command.ts';
import { ROOT } from '../../scripts/production-compose.ts';
import { createRig, type Rig, start } from '../support/rig.ts';
import { imageSources } from '../support/sources.ts';

let rig: Rig;
let bundle: string;

beforeAll(async () => {
  rig = await createRig();
  bundle = join(rig.home, 'made/workflow-bundle.js');
  const made = await runCommand(process.execPath, [join(ROOT, 'scripts/build-bundle.ts'), bundle], {
    timeoutMs: 60_000,
  });
  expect(made.problem).toBe('');
});
afterAll(() => rig.teardown());

function worker(port: string, more: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [join(ROOT, 'worker/main.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      TEMPORAL_ADDRESS: rig.env.address,
      DELTALOOP_HOME: rig.home,
      DELTALOOP_VISION_URL: rig.service.url,
      DELTALOOP_VISION_KEY: rig.service.key,
      DELTALOOP_WORKFLOW_BUNDLE: bundle,
      DELTALOOP_HEALTH_PORT: port,
      DELTALOOP_LOG_LEVEL: 'info',
      ...more,
    },
  });
  // A log that nobody reads would stop the worker one day.
  child.stderr.resume();
  return child;
}

function healthcheck(env: NodeJS.ProcessEnv): ReturnType<typeof runCommand> {
  return runCommand(process.execPath, [join(ROOT, 'deploy/healthcheck.ts')], { env, timeoutMs: 30_000 });
}

test('a worker runs a loop with the bundle that the script made, and the image’s health check sees it come and go', async () => {
  expect((await stat(bundle)).size).toBeGreaterThan(500_000);
  const port = String(await choosePort('the worker', 0, () => undefined));
  const before = await healthcheck({ DELTALOOP_HEALTH_PORT: port });
  expect(before).toMatchObject({ ok: false, output: expect.stringContaining(`http://127.0.0.1:${port}/ready`) });

  const running = worker(port);
  await once(running.stdout ?? running, 'data');
  expect(await healthcheck({ DELTALOOP_HEALTH_PORT: port })).toMatchObject({ ok: true, output: '' });

  const sources = await imageSources(rig, { pool: 8, evaluation: 8 });
  const spec = { name: 'bundled', ...sources, imagesPerClass: 4, caps: { rounds: 1 } };
  const { handle } = await start(rig, { spec, taskQueue: 'deltaloop' });
  expect(await handle.result()).toMatchObject({ loop: 'bundled', rounds: 1 });

  running.kill('SIGTERM');
  await once(running, 'exit');
  expect((await healthcheck({ DELTALOOP_HEALTH_PORT: port })).ok).toBe(false);
});

test('a worker that encrypts has a bundle of its own, and does not wait for the bundler either', async () => {
  const env = { DELTALOOP_ENCRYPTION_KEYS: `spring:${randomBytes(32).toString('base64')}` };
  const port = String(await choosePort('the worker', 0, () => undefined));
  const running = worker(port, { ...env, DELTALOOP_TASK_QUEUE: 'encrypted' });
  let log = '';
  running.stderr?.on('data', (piece: Buffer) => {
    log += piece.toString();
  });
  await once(running.stdout ?? running, 'data');
  const sources = await imageSources(rig, { pool: 8, evaluation: 8 });
  const spec = { name: 'encrypted', ...sources, imagesPerClass: 4, caps: { rounds: 1 } };
  const { handle } = await start(rig, { spec, taskQueue: 'encrypted' });
  const { connection } = rig.env;
  const client = new Client({ connection, dataConverter: dataConverter(env) });
  expect(await client.workflow.getHandle(handle.workflowId).result()).toMatchObject({ loop: 'encrypted', rounds: 1 });
  await expect(handle.result()).rejects.toThrow(/encod/i);
  running.kill('SIGTERM');
  await once(running, 'exit');
  expect(log).toContain('worker is ready');
  expect(log).not.toContain('bundled anew');
});

test('the image’s health check asks a vision service for its health', async () => {
  const { port } = new URL(rig.service.url);
  expect(await healthcheck({ DELTALOOP_VISION_PORT: port })).toMatchObject({ ok: true, output: '' });
  expect((await healthcheck({ DELTALOOP_VISION_PORT: '1' })).output).toContain('http://127.0.0.1:1/health: ');
});
