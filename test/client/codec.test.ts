import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import { keyRing } from '../../codec/key-ring.ts';
import { payloadCodec } from '../../codec/payload-codec.ts';
import { payloadsJson } from '../../codec/payload-json.ts';
import { keysOf, newKey } from '../codec/keys.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { inProcess, spawnCli, urlOf } from './run-cli.ts';

const keys = keysOf({ spring: newKey() });
const token = 'a'.repeat(32);
let home: string;

beforeAll(async () => {
  home = await temporaryFolder();
});

describe('deltaloop codec', () => {
  it('does not start without keys and a token, and tells all that is missing at once', async () => {
    const { code, stderr } = await inProcess(['codec'], { home });
    expect(code).toBe(2);
    expect(stderr).toContain('DELTALOOP_ENCRYPTION_KEYS is missing: there is nothing to decode with');
    expect(stderr).toContain('DELTALOOP_CODEC_TOKEN is missing; `openssl rand -hex 32` makes one');
  });

  it.each([
    [['--host', '0.0.0.0'], 'is not this machine alone: give --tls-cert FILE and --tls-key FILE'],
    [['--tls-cert', 'a.pem'], '--tls-cert and --tls-key go together'],
    [['--tls-cert', '/nowhere/a.pem', '--tls-key', '/nowhere/b.pem'], '/nowhere/a.pem cannot be read (ENOENT)'],
    [['--origin', 'http://localhost:8233/'], 'is no origin such as http://localhost:8233'],
    [['--origin', '*'], '--origin "*" is no origin'],
    [['--port', '70000'], 'It is no port number.'],
  ])('refuses %j', async (args, why) => {
    const env = { ...keys, DELTALOOP_CODEC_TOKEN: token };
    const { code, stderr } = await inProcess(['codec', ...args], { home, env });
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });

  it('refuses a token that could be guessed, without showing it', async () => {
    const { code, stderr } = await inProcess(['codec'], { home, env: { ...keys, DELTALOOP_CODEC_TOKEN: 'hunter2' } });
    expect(code).toBe(2);
    expect(stderr).toContain('must have at least 32 characters');
    expect(stderr).not.toContain('hunter2');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('answers until %s, and says nothing of what it decodes', async (signal) => {
    const env = { ...keys, DELTALOOP_CODEC_TOKEN: token };
    const child = spawnCli(['codec', '--port', '0'], { home, env });
    let said = '';
    child.stderr.on('data', (piece: Buffer) => {
      said += piece.toString();
    });
    const url = await urlOf(child);
    expect(url.hostname).toBe('127.0.0.1');
    const body = JSON.stringify(
      payloadsJson(await payloadCodec(keyRing(env)).encode([{ data: Buffer.from('Nightjar') }])),
    );
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'x-namespace': 'default' };
    const answer = await fetch(new URL('/decode', url), { method: 'POST', headers, body });
    expect(await answer.text()).toContain(Buffer.from('Nightjar').toString('base64'));
    child.kill(signal);
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(said).toContain('http://localhost:8233, http://127.0.0.1:8233');
    expect(said).toMatch(/Sign in first +http:\/\/localhost:\d+\//);
    for (const secret of ['Nightjar', token]) expect(said).not.toContain(secret);
  });

  it('says that its port is taken', async () => {
    const env = { ...keys, DELTALOOP_CODEC_TOKEN: token };
    const first = spawnCli(['codec', '--port', '0'], { home, env });
    const { port } = await urlOf(first);
    const { code, stderr } = await inProcess(['codec', '--port', port], { home, env });
    expect(code).toBe(2);
    expect(stderr).toContain(`another program listens on port ${port}`);
    first.kill();
    await once(first, 'exit');
  });
});
