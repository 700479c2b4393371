import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDevFile } from '../../client/dev-file.ts';
import { removeDevFile, writeDevFile } from '../../dev/dev-file.ts';
import { choosePort } from '../../dev/ports.ts';
import { startServices } from '../../dev/services.ts';
import { ensureTemporalBinary } from '../../dev/temporal-binary.ts';
import { answers, startTemporalServer } from '../../dev/temporal-server.ts';
import type { TemporalServer } from '../../dev/temporal-types.ts';
import { SEARCH_ATTRIBUTES } from '../../loop/search-attributes.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { script } from './support/fakes.ts';

const ANY_PORTS = { grpc: 0, ui: 0 };
/** Long enough for a build, where this machine has no binary yet. */
const FIRST_BINARY_MS = 27 * 60_000;

let home: string;
let server: TemporalServer;
const env = { ...process.env };
delete env['TEMPORAL_ADDRESS'];

beforeAll(async () => {
  await ensureTemporalBinary({ say: () => undefined, env });
  home = await mkdtemp(join(tmpdir(), 'deltaloop-server-'));
  server = await startTemporalServer({ home, env, say: () => undefined, ports: ANY_PORTS });
}, FIRST_BINARY_MS);

afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

async function ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await question(connection);
  } finally {
    await connection.close();
  }
}

describe('the local server', () => {
  test('keeps its database below the home and listens on the loopback interface', async () => {
    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await stat(join(home, 'temporal', 'dev.db'))).size).toBeGreaterThan(0);
    expect((await fetch(server.uiUrl)).status).toBe(200);
  });

  test('knows every search attribute of a loop', async () => {
    const { customAttributes } = await ask(({ operatorService }) =>
      operatorService.listSearchAttributes({ namespace: 'default' }),
    );
    expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(SEARCH_ATTRIBUTES)));
  });

  test('keeps closed loops for 90 days', async () => {
    const { config } = await ask(({ workflowService }) => workflowService.describeNamespace({ namespace: 'default' }));
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(90 * 24 * 3600);
  });

  test('is joined by a second start for the same home, which does not stop it', async () => {
    const said: string[] = [];
    await writeDevFile(home, {
      temporalAddress: server.address,
      uiUrl: server.uiUrl,
      serviceUrl: '',
      pid: process.pid,
    });
    const second = await startTemporalServer({ home, env, say: (line) => said.push(line) });
    await second.stop();
    await removeDevFile(home);
    expect(second).toMatchObject({ address: server.address, uiUrl: server.uiUrl, started: false });
    expect(said).toEqual([`Temporal: already running for this home at ${server.address}`]);
    expect(await answers(server.address)).toBe(true);
  });

  test('takes other ports when the wanted ones are taken, and says so', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const address = blocker.address();
    const taken = typeof address === 'object' && address ? address.port : 0;
    const said: string[] = [];
    const options = { home: await temporaryFolder(), env, ephemeral: true, ports: { grpc: taken, ui: 0 } };
    const other = await startTemporalServer({ ...options, say: (line) => said.push(line) });
    await other.stop();
    blocker.close();
    expect(other.address).not.toBe(`127.0.0.1:${taken}`);
    expect(said).toContainEqual(expect.stringContaining(`port ${taken} is taken`));
    expect(await answers(other.address)).toBe(false);
  });

  test('that dies at its start is reported with the last words of its log', async () => {
    const folder = await temporaryFolder();
    const fake =
      'if [ "$1" = --version ]; then echo "temporal version 1 (Server 1.31.2)"; else echo "database is malformed" >&2; exit 1; fi';
    await script(join(folder, 'bin', 'temporal'), fake);
    const start = startTemporalServer({
      home: folder,
      env: { ...env, PATH: join(folder, 'bin') },
      say: () => undefined,
      ports: ANY_PORTS,
    });
    await expect(start).rejects.toThrow(
      /does not come up: it ended with code 1\ndatabase is malformed\nIts log: .*temporal\.log/,
    );
  });
});

describe('a server named by TEMPORAL_ADDRESS', () => {
  test('is used as it is, gets the search attributes that it lacks, and is not stopped', async () => {
    const said: string[] = [];
    await ask(({ operatorService }) =>
      operatorService.removeSearchAttributes({ namespace: 'default', searchAttributes: ['LoopOutcome'] }),
    );
    const options = { home: await temporaryFolder(), say: (line: string) => said.push(line) };
    const used = await startTemporalServer({ ...options, env: { ...env, TEMPORAL_ADDRESS: server.address } });
    await used.stop();
    expect(used).toMatchObject({ address: server.address, started: false, namespace: 'default' });
    expect(said).toEqual([expect.stringContaining('registered LoopOutcome')]);
    expect(await answers(server.address)).toBe(true);
  });

  test('that does not answer is one clear error', async () => {
    const start = startTemporalServer({
      home: await temporaryFolder(),
      say: () => undefined,
      env: { ...env, TEMPORAL_ADDRESS: '127.0.0.1:9' },
    });
    await expect(start).rejects.toThrow(
      /No Temporal server answers at TEMPORAL_ADDRESS=127\.0\.0\.1:9[\s\S]*unset TEMPORAL_ADDRESS/,
    );
  });
});

describe('dev.json', () => {
  test('of a process that is gone counts as none', async () => {
    const folder = await temporaryFolder();
    await writeDevFile(folder, { temporalAddress: 'a:1', uiUrl: '', serviceUrl: '', pid: 2 ** 30 });
    expect(await readDevFile(folder)).toBeUndefined();
  });

  test('of another process is not removed', async () => {
    const folder = await temporaryFolder();
    await writeDevFile(folder, { temporalAddress: 'a:1', uiUrl: '', serviceUrl: '', pid: process.ppid });
    await removeDevFile(folder);
    expect(await readDevFile(folder)).toMatchObject({ pid: process.ppid });
  });
});

test('all services of a home start once, are found by a second start, and leave nothing running', async () => {
  const folder = await temporaryFolder();
  const options = { home: folder, env, say: () => undefined, backbone: 'classical', ports: ANY_PORTS };
  const [first, second] = await Promise.all([startServices(options), startServices(options)]);
  expect([first, second].filter(({ started }) => started)).toHaveLength(1);
  expect(second.temporalAddress).toBe(first.temporalAddress);
  const file = await readFile(join(folder, 'dev.json'), 'utf8');
  expect(file).not.toContain(first.serviceKey);
  expect(JSON.parse(file)).toMatchObject({ serviceUrl: first.serviceUrl, pid: process.pid });
  await first.stop();
  await second.stop();
  expect(await readDevFile(folder)).toBeUndefined();
  expect(await answers(first.temporalAddress)).toBe(false);
  await expect(fetch(first.serviceUrl)).rejects.toThrow();
});

test('when one service cannot start, those before it are stopped again', async () => {
  const folder = await temporaryFolder();
  const grpc = await choosePort('a free port', 0, () => undefined);
  const backbone = `onnx:${join(folder, 'missing.onnx')}`;
  const start = startServices({ home: folder, env, say: () => undefined, backbone, ports: { grpc, ui: 0 } });
  await expect(start).rejects.toThrow('vision-service does not come up');
  expect(await readDevFile(folder)).toBeUndefined();
  expect(await answers(`127.0.0.1:${grpc}`)).toBe(false);
});
