import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { KEY_HEADER, MOUNT_POINT } from '../../vision/contract.ts';
import { type CliRun, deltaloop } from '../client/run-cli.ts';
import { historyBytes } from '../support/history-bytes.ts';
import { imageFolder } from '../support/images.ts';
import { listening } from '../support/local-server.ts';
import { type Program, startProgram } from '../support/program.ts';
import { type FaultRule, type FaultyProxy, faultyProxy } from '../support/proxy.ts';
import { temporal } from '../support/temporal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { walk } from './files.ts';

const secret = (name: string) => `planted-${name}-${randomBytes(9).toString('hex')}`;
const visionKey = secret('vision');
const sas = `sv=2022-11-02&sp=r&sig=${secret('sas')}%3D`;
const SAS_URL = `https://account.blob.core.windows.net/cats/coco.json?${sas}`;
const encryptionKey = randomBytes(32).toString('base64');
/** What worker and service have in their environment; none of it may be found anywhere else. */
const ENVIRONMENT = {
  DELTALOOP_VISION_KEY: visionKey,
  DELTALOOP_CODEC_TOKEN: secret('codec'),
  DELTALOOP_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  TEMPORAL_API_KEY: secret('temporal'),
  AZURE_CLIENT_SECRET: secret('azure'),
};
const PLANTED = [...Object.values(ENVIRONMENT), sas, /sig=([^%]+)/.exec(sas)?.[1] ?? '', encryptionKey];

let home: string;
let server: TestWorkflowEnvironment;
let service: Program;
let worker: Program;
let proxy: FaultyProxy;
let closeReceiver: () => Promise<void>;
/** Notices, as they came. */
const notices: string[] = [];
const said: CliRun[] = [];
const umask = process.umask();

beforeAll(async () => {
  // The careless machine: what is private must not depend on this.
  process.umask(0o000);
  home = await temporaryFolder();
  server = await temporal();
  // What libraries keep in the user's home is theirs.
  await mkdir(join(home, 'sources/user'), { recursive: true });
  const shared = {
    HOME: join(home, 'sources/user'),
    DELTALOOP_HOME: home,
    DELTALOOP_LOG_LEVEL: 'debug',
    ...ENVIRONMENT,
  };
  service = await startProgram('vision-service', {
    ...shared,
    // The worker goes without: an encrypted history would hide what leaks into it.
    DELTALOOP_ENCRYPTION_KEYS: `spring:${encryptionKey}`,
    DELTALOOP_VISION_BACKBONE: 'classical',
    DELTALOOP_VISION_ROOTS: home,
    DELTALOOP_VISION_LOG_LEVEL: 'debug',
  });
  proxy = await faultyProxy(service.ready.url ?? '');
  const receiver = await listening(
    createServer((request, response) => {
      const take = (body: string) => {
        notices.push(JSON.stringify(request.headers) + body);
        response.writeHead(204).end();
      };
      text(request).then(take, () => response.destroy());
    }),
  );
  closeReceiver = receiver.close;
  // An API key goes over TLS alone; TEMPORAL_TLS=false says that this server has none.
  worker = await startProgram('worker', {
    ...shared,
    TEMPORAL_ADDRESS: server.address,
    TEMPORAL_TLS: 'false',
    DELTALOOP_VISION_URL: proxy.url,
    DELTALOOP_WEBHOOK_URL: `http://127.0.0.1:${receiver.port}/notices`,
    DELTALOOP_WEBHOOK_ALLOW_HTTP_LOOPBACK: '1',
  });
  await imageFolder(join(home, 'sources/pool'), { perClass: 12, firstSeed: 1 });
  await imageFolder(join(home, 'sources/yardstick'), { perClass: 8, firstSeed: 1000 });
});

afterAll(async () => {
  process.umask(umask);
  await worker.stop();
  await service.stop();
  await proxy.close();
  await closeReceiver();
  await server.teardown();
});

async function run(...args: string[]): Promise<CliRun> {
  const done = await deltaloop(args, { home, env: { TEMPORAL_ADDRESS: server.address } });
  said.push(done);
  return done;
}

async function startLoop(name: string): Promise<void> {
  await mkdir(join(home, 'specs'), { recursive: true });
  const path = join(home, 'specs', `${name}.yaml`);
  const spec = {
    name,
    collector: { kind: 'pool', path: '../sources/pool' },
    evaluation: { path: '../sources/yardstick' },
    policy: 'thresholds',
    target: 1,
    claim: 'lower-bound',
    caps: { rounds: 2 },
  };
  await writeFile(path, stringify(spec));
  expect((await run('start', path)).code).toBe(0);
}

const on =
  (wanted: string, part: string, fault: ReturnType<FaultRule>): FaultRule =>
  ({ method, path }) =>
    method === wanted && path.includes(part) ? fault : null;

/** Ways in which a service that means no harm puts secrets into what it says. */
const TROUBLES: FaultRule[] = [
  on('PUT', '/datasets/', { status: 401, code: `the key ${visionKey} is unknown` }),
  on('PUT', '/models/', { status: 400, code: `cannot read ${SAS_URL} with ${sas}` }),
  on('GET', '/models/', { status: 200, code: '', body: JSON.stringify({ status: visionKey, [SAS_URL]: visionKey }) }),
  on('PUT', '/evaluations/', { status: 403, code: 'x', headers: { 'x-ms-error-code': visionKey }, body: SAS_URL }),
];

function leaks(where: string, content: Buffer | string): string[] {
  return PLANTED.filter((planted) => content.includes(planted)).map((planted) => `${planted} in ${where}`);
}

describe('secrets in the environment of worker and service', () => {
  it('are in no history, log, answer, notice or file of a loop that met every trouble', async () => {
    await startLoop('troubled');
    for (const trouble of TROUBLES) {
      proxy.rule(trouble);
      expect((await run('watch', 'troubled', '--until-attention', '--interval', '100ms')).code).toBe(3);
      await run('status', 'troubled');
      await run('status', 'troubled', '--json');
      proxy.rule(null);
      expect((await run('resolve', 'troubled', 'retry', '--reason', 'mended it')).code).toBe(0);
    }
    expect((await run('watch', 'troubled', '--interval', '100ms')).code).toBe(6);
    await run('explain', 'troubled', '--all');
    const files = (await walk(join(home, 'loops/troubled'))).filter(({ folder }) => !folder);
    const found = [
      ...leaks('the history', await historyBytes(server.client, 'troubled')),
      ...leaks('the worker’s log', worker.log()),
      ...leaks('the service’s log', service.log()),
      ...leaks('a notice', notices.join('\n')),
      ...said.flatMap(({ stdout, stderr }) => leaks('a command', stdout + stderr)),
    ];
    for (const { path } of files) found.push(...leaks(path, await readFile(path)));
    expect(found).toEqual([]);
    expect(files.some(({ path }) => path.endsWith('report.html'))).toBe(true);
    expect(notices.some((notice) => notice.includes('deltaloop.loop.needs-attention'))).toBe(true);
    // The failures are told all the same, with what they quoted taken out.
    expect(said.some(({ stdout }) => stdout.includes('the key … is unknown'))).toBe(true);
    expect(worker.log()).toContain('account.blob.core.windows.net/cats/coco.json?…');
  });

  it('leave every file of the loop to its owner alone, whatever the umask', async () => {
    const open = (await walk(join(home, 'loops'))).filter(({ folder, mode }) => mode !== (folder ? '700' : '600'));
    expect(open).toEqual([]);
  });

  it('are not in what the service keeps; a SAS token is in its database alone, which others cannot read', async () => {
    const headers = { [KEY_HEADER]: visionKey, 'content-type': 'application/json' };
    const call = async (method: string, path: string, body?: unknown) => {
      const url = `${service.ready.url}${MOUNT_POINT}/${path}?api-version=2023-04-01-preview`;
      const answer = await fetch(url, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
      return answer.text();
    };
    const authentication = { kind: 'sas', sasToken: sas };
    const uris = ['https://account.blob.core.windows.net.invalid/cats/coco.json'];
    const dataset = { annotationKind: 'imageClassification', annotationFileUris: uris, authentication };
    const answers = [await call('PUT', 'datasets/signed', dataset), await call('GET', 'datasets/signed')];
    const trainingParameters = { trainingDatasetName: 'signed', timeBudgetInHours: 1, modelKind: 'Generic-Classifier' };
    answers.push(await call('PUT', 'models/signed', { trainingParameters }));
    await expect.poll(() => call('GET', 'models/signed'), { timeout: 60_000 }).toContain('"failed"');
    answers.push(await call('GET', 'models/signed'));
    expect(answers.flatMap((answer) => leaks('an answer', answer))).toEqual([]);
    expect(leaks('the service’s log', service.log())).toEqual([]);
    const kept = (await walk(home)).filter(({ path }) => !/\/(sources|specs|loops)(\/|$)/.test(path) && path !== home);
    const holders: string[] = [];
    for (const { path, folder, mode } of kept) {
      expect({ path, mode }).toEqual({ path, mode: folder ? '700' : '600' });
      if (!folder && leaks(path, await readFile(path)).length > 0) holders.push(path);
    }
    expect(holders.filter((path) => !/\.db(-wal)?$/.test(path))).toEqual([]);
    for (const path of holders) {
      const bytes = await readFile(path);
      for (const planted of Object.values(ENVIRONMENT)) expect(bytes.includes(planted)).toBe(false);
    }
  });
});
