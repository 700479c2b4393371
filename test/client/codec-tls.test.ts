import { type ChildProcess, execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyRing } from '../../codec/key-ring.ts';
import { payloadCodec } from '../../codec/payload-codec.ts';
import { payloadsJson } from '../../codec/payload-json.ts';
import { keysOf, newKey } from '../codec/keys.ts';
import { selfSigned } from '../support/self-signed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { inProcess, spawnCli, urlOf } from './run-cli.ts';

const UI = 'https://temporal.example.org';
const token = 'b'.repeat(64);
const keys = keysOf({ spring: newKey() });
const env = { ...keys, DELTALOOP_CODEC_TOKEN: token };
let home: string;
let files: { cert: string; key: string };
let ca: Buffer;
let child: ChildProcess;
let url: URL;

beforeAll(async () => {
  home = await temporaryFolder();
  files = await selfSigned(home, 'codec');
  ca = await readFile(files.cert);
  // Every address of the machine, which is refused without TLS.
  const args = ['codec', '--host', '0.0.0.0', '--port', '0', '--origin', UI];
  const spawned = spawnCli([...args, '--tls-cert', files.cert, '--tls-key', files.key], { home, env });
  child = spawned;
  url = await urlOf(spawned);
});

afterAll(async () => {
  child.kill('SIGTERM');
  await once(child, 'exit');
});

interface Reply {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Asks the codec server by its name in the certificate. */
async function ask(path: string, options: RequestOptions & { body?: string }): Promise<Reply> {
  const { body = '', ...rest } = options;
  const request = httpsRequest(`https://localhost:${url.port}${path}`, {
    family: 4,
    agent: false,
    ca,
    ...rest,
  });
  request.end(body);
  const [answer] = await once(request, 'response');
  return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
}

async function decode(headers: Record<string, string>): Promise<Reply> {
  const sealed = await payloadCodec(keyRing(keys)).encode([{ data: Buffer.from('"Nightjar"') }]);
  const all = { 'content-type': 'application/json', 'x-namespace': 'default', ...headers };
  return ask('/decode', { method: 'POST', headers: all, body: JSON.stringify(payloadsJson(sealed)) });
}

describe('deltaloop codec with a certificate', () => {
  it('decodes for who trusts the certificate and has the token', async () => {
    expect(url.origin).toMatch(/^https:\/\/0\.0\.0\.0:\d+$/);
    const answer = await decode({ authorization: `Bearer ${token}` });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(Buffer.from('"Nightjar"').toString('base64'));
    expect((await decode({ authorization: `Bearer ${'c'.repeat(64)}` })).status).toBe(401);
    expect((await decode({})).status).toBe(401);
  });

  it('gives a browser a session that goes over TLS alone', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const { status, headers } = await ask('/sign-in', { method: 'POST', headers: form, body: `token=${token}` });
    const [cookie = ''] = headers['set-cookie'] ?? [];
    expect(status).toBe(303);
    expect(cookie).toMatch(/; HttpOnly; Secure; SameSite=Strict$/);
    const session = { cookie: cookie.split(';')[0] ?? '' };
    expect(await decode({ ...session, origin: UI })).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': UI, 'access-control-allow-credentials': 'true' },
    });
    expect((await decode({ ...session, origin: 'https://evil.example' })).status).toBe(403);
  });

  it('is not talked to by who does not trust the certificate, and tells nothing without TLS or over old TLS', async () => {
    await expect(ask('/', { ca: [] })).rejects.toThrow('self-signed certificate');
    await expect(ask('/', { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' })).rejects.toThrow(
      /protocol version/,
    );
    const plain = httpRequest(url.href.replace('https:', 'http:'));
    plain.end();
    await expect(once(plain, 'response')).rejects.toThrow(/ECONNRESET|socket hang up|Parse Error/);
  });

  it.each<[string, () => Promise<[cert: string, key: string]>, string]>([
    ['a key of another certificate', async () => [files.cert, (await selfSigned(home, 'other')).key], 'other.key'],
    ['the two the wrong way round', async () => [files.key, files.cert], 'codec.key'],
    ['a file that is no certificate', async () => [await textFile(), files.key], 'letter.txt'],
    ['a key that needs a password', async () => [files.cert, await lockedKey()], 'locked.key'],
  ])('does not start with %s, and says so', async (_what, pair, named) => {
    const [cert, key] = await pair();
    const run = await inProcess(['codec', '--port', '0', '--tls-cert', cert, '--tls-key', key], { home, env });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('are no certificate and its key in PEM, without a password');
    expect(run.stderr).toContain(named);
    expect(run.stderr).not.toContain('Unexpected');
  });
});

describe('deltaloop codec on an address that is not this machine’s', () => {
  it('says so', async () => {
    const args = ['--host', '192.0.2.1', '--tls-cert', files.cert, '--tls-key', files.key];
    const run = await inProcess(['codec', '--port', '0', ...args], { home, env });
    expect(run.code).toBe(2);
    expect(run.stderr).toContain('was not started: 192.0.2.1 is no address of this machine');
  });
});

async function textFile(): Promise<string> {
  const path = join(home, 'letter.txt');
  await writeFile(path, 'Dear codec server,');
  return path;
}

async function lockedKey(): Promise<string> {
  const path = join(home, 'locked.key');
  await promisify(execFile)('openssl', ['rsa', '-aes256', '-passout', 'pass:word', '-in', files.key, '-out', path]);
  return path;
}
