import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isSession, sessionValue } from '../../codec/codec-access.ts';
import { type CodecServer, serveCodec } from '../../codec/codec-server.ts';
import { keyRing } from '../../codec/key-ring.ts';
import { payloadCodec } from '../../codec/payload-codec.ts';
import { PayloadsJsonSchema, payloadsJson } from '../../codec/payload-json.ts';
import { keysOf, newKey } from './keys.ts';

const UI = 'http://localhost:8233';
const token = 'f'.repeat(40);
const codec = payloadCodec(keyRing(keysOf({ spring: newKey() })));
const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"Nightjar"') };
let server: CodecServer;
let sealed: string;

beforeAll(async () => {
  const access = { token, origins: [UI], namespace: 'default' };
  server = await serveCodec({ host: '127.0.0.1', port: 0, codec, access });
  const context = { type: 'workflow', namespace: 'default', workflowId: 'birds' } as const;
  sealed = JSON.stringify(payloadsJson(await codec.encode([plain, plain], context)));
});

afterAll(() => server.close());

type Headers = Record<string, string>;
const bearer: Headers = { authorization: `Bearer ${token}` };

/** A request as the Temporal UI (with an origin) or CLI (without) sends it. */
function ask(path: string, headers: Headers, body = sealed): Promise<Response> {
  const all = { 'content-type': 'application/json', 'x-namespace': 'default', ...headers };
  return fetch(server.url + path, { method: 'POST', headers: all, body });
}

async function signIn(given: string): Promise<Response> {
  const body = new URLSearchParams({ token: given });
  return fetch(`${server.url}/sign-in`, { method: 'POST', body, redirect: 'manual' });
}

async function messageOf(answer: Response): Promise<string> {
  const { message } = (await answer.json()) as { message: string };
  return message;
}

describe('the codec server', () => {
  it('decodes what was encrypted, and encrypts what it is given', async () => {
    const decoded = await ask('/decode', bearer);
    expect(decoded.status).toBe(200);
    expect(await decoded.json()).toEqual(payloadsJson([plain, plain]));
    const encoded = await ask('/encode', bearer, JSON.stringify(payloadsJson([plain])));
    const text = await encoded.text();
    expect(text).not.toContain(Buffer.from('"Nightjar"').toString('base64'));
    expect(PayloadsJsonSchema.parse(JSON.parse(text)).payloads).toHaveLength(1);
    expect(await (await ask('/decode', bearer, text)).json()).toEqual(payloadsJson([plain]));
  });

  it.each<[string, Headers, [number, string]]>([
    ['no token', {}, [401, 'sign in at the page']],
    ['another token', { authorization: `Bearer ${'e'.repeat(40)}` }, [401, 'DELTALOOP_CODEC_TOKEN']],
    ['a part of the token', { authorization: `Bearer ${token.slice(1)}` }, [401, 'DELTALOOP_CODEC_TOKEN']],
    ['the token in another scheme', { authorization: `Basic ${token}` }, [401, 'Bearer']],
    [
      'the token from another origin',
      { ...bearer, origin: 'https://evil.example' },
      [403, '`deltaloop codec --origin`'],
    ],
    ['the token from an origin that only begins alike', { ...bearer, origin: `${UI}.evil.example` }, [403, 'origin']],
    ['the token from a page without an origin', { ...bearer, origin: 'null' }, [403, 'origin']],
    ['another namespace', { ...bearer, 'x-namespace': 'other' }, [403, 'must be "default"']],
  ])('refuses %s', async (_what, headers, [status, why]) => {
    for (const path of ['/decode', '/encode']) {
      const answer = await ask(path, headers);
      expect(answer.status).toBe(status);
      expect(await messageOf(answer)).toContain(why);
    }
  });

  it('lets pages of its origins read answers, with credentials, and no others', async () => {
    const asked = {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,x-namespace',
    };
    const preflight = (origin: string) =>
      fetch(`${server.url}/decode`, { method: 'OPTIONS', headers: { origin, ...asked } });
    const allowed = await preflight(UI);
    expect(allowed.status).toBe(204);
    expect(Object.fromEntries(allowed.headers)).toMatchObject({
      'access-control-allow-origin': UI,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization,content-type,x-namespace',
    });
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    expect((await ask('/decode', { ...bearer, origin: UI })).headers.get('access-control-allow-origin')).toBe(UI);
  });

  it('takes a session from pages of its origins, which only the token brings', async () => {
    expect((await signIn('wrong')).headers.get('set-cookie')).toBeNull();
    const signedIn = await signIn(token);
    const cookie = signedIn.headers.get('set-cookie') ?? '';
    expect(signedIn.status).toBe(303);
    expect(cookie).toMatch(/^deltaloop_codec=[0-9]+\.[0-9a-f]{64}; .*HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(token);
    const session = { cookie: cookie.split(';')[0] ?? '' };
    expect((await ask('/decode', { ...session, origin: UI })).status).toBe(200);
    expect((await ask('/decode', session)).status).toBe(401);
    expect((await ask('/decode', { ...session, origin: 'https://evil.example' })).status).toBe(403);
    expect(await (await fetch(`${server.url}/`, { headers: session })).text()).toContain('You are signed in');
  });

  it('ends a session after its time, with a new token, or when its end was changed', () => {
    const value = sessionValue(token, 1000);
    expect(isSession(value, token, 999)).toBe(true);
    expect(isSession(value, token, 1000)).toBe(false);
    expect(isSession(value, 'another token', 999)).toBe(false);
    expect(isSession(value.replace('1000', '9000'), token, 999)).toBe(false);
    for (const odd of ['', '.', 'NaN.x', '1e3.x', undefined]) expect(isSession(odd, token, 0)).toBe(false);
  });

  it('shows its page in no frame and runs no script on it', async () => {
    const page = await fetch(`${server.url}/`);
    const policy = page.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['no JSON', '{', 'not {"payloads"'],
    ['no payloads', '{"payload":[]}', 'not {"payloads"'],
    ['no base64', '{"payloads":[{"data":"%%"}]}', 'not {"payloads"'],
    ['a changed payload', '', 'does not decrypt with the key "spring"'],
    ['nesting without end', '['.repeat(2_000_000), 'not {"payloads"'],
  ])('answers %s with 400 and a sentence that quotes none of it', async (_what, body, why) => {
    const changed = sealed.replace(/"data":"(.)/, (_all, first: string) => `"data":"${first === 'A' ? 'B' : 'A'}`);
    const answer = await ask('/decode', bearer, body || changed);
    expect(answer.status).toBe(400);
    const message = await messageOf(answer);
    expect(message).toContain(why);
    expect(message.length).toBeLessThan(200);
  });

  it('takes no body of more than 8 MiB, declared or not', async () => {
    expect((await ask('/decode', bearer, ' '.repeat(8 * 1024 * 1024 + 1))).status).toBe(413);
    const headers = { ...bearer, 'content-type': 'application/json', 'x-namespace': 'default' };
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(`${server.url}/decode`, { method: 'POST', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      request.on('error', reject);
      for (let part = 0; part < 9; part += 1) request.write(Buffer.alloc(1024 * 1024, ' '));
      request.end();
    });
    expect(status).toBe(413);
  });

  it('has nothing else', async () => {
    expect((await fetch(`${server.url}/decode`)).status).toBe(404);
    expect((await fetch(`${server.url}/health`)).status).toBe(404);
  });
});
