import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createVisionClient, type VisionClient } from '../../vision/client.ts';
import { ServiceStartError } from '../../vision-service/errors.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startGate } from './http-gate.ts';
import {
  call,
  classification,
  ended,
  evaluationEnded,
  KEY,
  ledgerOf,
  picture,
  startService,
  training,
  writeCoco,
} from './http-helpers.ts';

const MAIN = fileURLToPath(new URL('../../vision-service/main.ts', import.meta.url));
const Ready = z.object({ ready: z.literal(true), url: z.string() });

/** So many that the held image is asked for only after others were embedded, and what that took was told. */
const GATED_AFTER_A_REPORT = 129;

/** The service as a process of its own; killed after the test if it still runs. */
async function startProcess(home: string) {
  const env = {
    PATH: process.env['PATH'] ?? '',
    DELTALOOP_HOME: home,
    DELTALOOP_VISION_KEY: KEY,
    DELTALOOP_VISION_BACKBONE: 'classical',
    DELTALOOP_VISION_ALLOW_PRIVATE: '1',
    DELTALOOP_LOG_LEVEL: 'warn',
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => stop(child, 'SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, 'line');
  const { url } = Ready.parse(JSON.parse(String(line)));
  return { child, url, client: createVisionClient({ baseUrl: url, key: KEY }) };
}

async function stop(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

describe('a service that is killed while it trains', () => {
  it('trains again at its next start, bills once, and embeds nothing twice', async () => {
    const [home, gate] = [await temporaryFolder(), await startGate()];
    const first = await startProcess(home);
    await first.client.registerDataset('d', classification(await gate.writeCoco(home, { perClass: 70 })));
    await first.client.createModel('running', training('d'));
    await first.client.createModel('waiting', training('d'));
    await gate.reached();
    expect(await first.client.getModel('running')).toMatchObject({ status: 'training' });
    await stop(first.child, 'SIGKILL');

    gate.open();
    const second = await startProcess(home);
    expect(await ended(second.client, 'running')).toMatchObject({ status: 'succeeded', trainingCostInMinutes: 1 });
    expect(await ended(second.client, 'waiting')).toMatchObject({ status: 'succeeded' });
    const ledger = await ledgerOf(second);
    expect(ledger.map((line) => [line.model, line.billedMinutes])).toEqual([
      ['running', 1],
      ['waiting', 1],
    ]);
    expect(ledger[1]?.embeddingsComputed).toBe(0);
    await stop(second.child, 'SIGTERM');
    expect(second.child.exitCode).toBe(0);
  });
});

describe('a service that cannot start', () => {
  it('says in one sentence that another one works on its home', async () => {
    const home = await temporaryFolder();
    await startService(home);
    await expect(startService(home)).rejects.toThrow(/Another vision service works on .*DELTALOOP_HOME/);
  });

  it('says in one sentence that its port is taken or its backbone unknown, and lets go of its home', async () => {
    const [home, other] = [await temporaryFolder(), await temporaryFolder()];
    const { service } = await startService(other);
    await expect(startService(home, { port: service.port })).rejects.toThrow(
      `Port ${service.port} of 127.0.0.1 is taken`,
    );
    await expect(startService(home, { backbone: 'none' })).rejects.toBeInstanceOf(ServiceStartError);
    await startService(home);
  });
});

describe('a service that is stopped', () => {
  it('takes up its training and its evaluation at the next start, and its models still predict', async () => {
    const [home, gate] = [await temporaryFolder(), await startGate()];
    const first = await startService(home, { allowPrivate: true });
    await first.client.registerDataset('d', classification(await writeCoco(home, 'c.json', { perClass: 4 })));
    await first.client.registerDataset('gated', classification(await gate.writeCoco(home, { perClass: 3 })));
    await first.client.createModel('m', training('d'));
    await ended(first.client, 'm');
    await first.client.createModel('late', training('gated'));
    await first.client.createEvaluation('m', 'e', { evaluationParameters: { testDatasetName: 'gated' } });
    await gate.reached();
    const before = await first.client.predict('m', await picture('red', 2));
    await first.service.close();

    gate.open();
    const { client } = await startService(home, { allowPrivate: true });
    expect(await evaluationEnded(client, 'm', 'e')).toMatchObject({ status: 'succeeded' });
    expect(await ended(client, 'late')).toMatchObject({ status: 'succeeded' });
    expect(await client.predict('m', await picture('red', 2))).toEqual(before);
  });
});

/** Cancels the training of `m` when it has used something and told so, and waits for its last image. */
async function cancelMidway(client: VisionClient, home: string): Promise<void> {
  const gate = await startGate();
  const file = await gate.writeCoco(home, { perClass: GATED_AFTER_A_REPORT });
  await client.registerDataset('gated', classification(file));
  await client.createModel('m', training('gated'));
  await gate.reached();
  await client.cancelModel('m');
}

describe('a training that is cancelled', () => {
  it('is billed for what it used when the service stops before it has stopped', async () => {
    const home = await temporaryFolder();
    const first = await startService(home, { allowPrivate: true });
    await cancelMidway(first.client, home);
    await first.service.close();
    const second = await startService(home);
    expect(await second.client.getModel('m')).toMatchObject({ status: 'cancelled', trainingCostInMinutes: 1 });
    expect((await ledgerOf(second.service)).map((line) => [line.status, line.billedMinutes])).toEqual([
      ['cancelled', 1],
    ]);
  });

  it('is billed for what it had used when the service is killed before it has stopped', async () => {
    const home = await temporaryFolder();
    const first = await startProcess(home);
    await cancelMidway(first.client, home);
    await stop(first.child, 'SIGKILL');
    const second = await startService(home);
    expect(await second.client.getModel('m')).toMatchObject({ status: 'cancelled', trainingCostInMinutes: 1 });
  });

  it('stops, is billed by what ran, and frees the queue', async () => {
    const [home, gate] = [await temporaryFolder(), await startGate()];
    const { service, client } = await startService(home, { allowPrivate: true });
    await client.registerDataset('gated', classification(await gate.writeCoco(home, { perClass: 70 })));
    await client.registerDataset('d', classification(await writeCoco(home, 'c.json', { perClass: 3 })));
    await client.createModel('running', training('gated'));
    await client.createModel('waiting', training('d'));
    await client.createModel('next', training('d'));
    await gate.reached();
    await client.cancelModel('waiting');
    expect(await client.getModel('waiting')).toMatchObject({ status: 'cancelled', trainingCostInMinutes: 0 });
    expect((await call(service, 'DELETE /models/running')).status).toBe(400);
    await client.cancelModel('running');
    expect(await ended(client, 'running')).toMatchObject({ status: 'cancelled' });
    await ended(client, 'next');
    const ledger = await ledgerOf(service);
    expect(ledger.map((line) => [line.model, line.status])).toEqual([
      ['waiting', 'cancelled'],
      ['running', 'cancelled'],
      ['next', 'succeeded'],
    ]);
    await client.cancelModel('next');
    expect(await client.getModel('next')).toMatchObject({ status: 'succeeded' });
    expect((await call(service, 'DELETE /models/waiting')).status).toBe(204);
  });
});
