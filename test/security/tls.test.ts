import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { deltaloop, inProcess } from '../client/run-cli.ts';
import { imageFolder } from '../support/images.ts';
import { startProgram } from '../support/program.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { selfSigned } from '../support/self-signed.ts';
import { type TlsFront, tlsFront } from './tls-front.ts';

const apiKey = 'an-api-key-for-tests';
let rig: Rig;
let front: TlsFront;
let trusting: Record<string, string>;
let mistaken: Record<string, string>;

beforeAll(async () => {
  rig = await createRig();
  const [own, other] = [await selfSigned(rig.home, 'own'), await selfSigned(rig.home, 'other')];
  front = await tlsFront(rig.env.address, own);
  const base = { TEMPORAL_ADDRESS: front.address, TEMPORAL_API_KEY: apiKey, TEMPORAL_GRPC_META_X_TEAM: 'cats' };
  trusting = { ...base, TEMPORAL_TLS_SERVER_CA_CERT_PATH: own.cert };
  mistaken = { ...base, TEMPORAL_TLS_SERVER_CA_CERT_PATH: other.cert };
  await imageFolder(join(rig.home, 'pool'), { perClass: 6, firstSeed: 1 });
  await imageFolder(join(rig.home, 'yardstick'), { perClass: 8, firstSeed: 1000 });
});

afterAll(async () => {
  await front.close();
  await rig.teardown();
});

function worker(env: Record<string, string>) {
  const { url, key } = rig.service;
  const settings = { DELTALOOP_HOME: rig.home, DELTALOOP_VISION_URL: url, DELTALOOP_VISION_KEY: key };
  return startProgram('worker', { HOME: rig.home, ...settings, ...env });
}

async function specFile(name: string): Promise<string> {
  const path = join(rig.home, `${name}.yaml`);
  const places = { collector: { kind: 'pool', path: 'pool' }, evaluation: { path: 'yardstick' } };
  await writeFile(path, stringify({ name, ...places, policy: 'thresholds', target: 0.05 }));
  return path;
}

describe('a Temporal server behind TLS', () => {
  it('runs a whole loop; worker and commands send it the API key and the metadata of the environment', async () => {
    const running = await worker(trusting);
    const { code, stderr } = await deltaloop(['start', await specFile('over-tls'), '--watch'], {
      home: rig.home,
      env: trusting,
    });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    await running.stop();
    const agents = { worker: /PollActivityTaskQueue/, command: /StartWorkflowExecution/ };
    for (const method of Object.values(agents)) {
      const calls = front.calls.filter((call) => method.test(String(call[':path'])));
      expect(calls.length).toBeGreaterThan(0);
      for (const call of calls) expect(call).toMatchObject({ authorization: `Bearer ${apiKey}`, 'x-team': 'cats' });
    }
  });

  it('whose certificate is not trusted is told as that, by commands and worker, and gets no call', async () => {
    const before = front.calls.length;
    const { code, stderr } = await inProcess(['list'], { home: rig.home, env: mistaken });
    const start = await inProcess(['start', await specFile('nowhere')], { home: rig.home, env: mistaken });
    for (const said of [stderr, start.stderr]) {
      expect(said).toContain(front.address);
      expect(said).toContain('certificate');
    }
    expect(start.code).toBe(1);
    expect(start.stderr).toContain('Check TEMPORAL_TLS_SERVER_CA_CERT_PATH');
    expect(code).toBe(0);
    const refused = await worker(mistaken).then(
      () => 'started',
      (error: Error) => error.message,
    );
    expect(refused).toMatch(/certificate|UnknownIssuer|tls/i);
    expect(refused).not.toContain(apiKey);
    expect(front.calls.length).toBe(before);
  });
});
