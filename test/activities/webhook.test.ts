import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { signed } from '../../activities/cloud-event.ts';
import { post } from '../../activities/webhook.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

async function receiver(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const send = (url: string, signal = new AbortController().signal) =>
  post({ url, secret: randomBytes(32), ui: null }, { headers: {}, body: '{}', signal });

describe('a notice that is posted', () => {
  it('needs no more of an answer than its status: one without an end is cut off', async () => {
    let written = 0;
    const endless = Promise.withResolvers<ServerResponse>();
    const url = await receiver((_request, response) => {
      response.writeHead(200);
      const write = () => {
        do written += 16_384;
        while (response.write(Buffer.alloc(16_384)));
      };
      response.on('drain', write);
      write();
      endless.resolve(response);
    });
    expect(await send(url)).toMatchObject({ status: 200 });
    const response = await endless.promise;
    if (!response.destroyed) await once(response, 'close');
    // What the system's buffers hold, not what fifteen seconds bring.
    expect(written).toBeLessThan(32 * 1024 * 1024);
  });

  it('follows no redirect', async () => {
    let followed = 0;
    const other = await receiver((_request, response) => {
      followed += 1;
      response.end();
    });
    const url = await receiver((_request, response) => response.writeHead(307, { location: other }).end());
    expect(await send(url)).toMatchObject({ status: 307 });
    expect(followed).toBe(0);
  });

  it('hears when it may be tried again, in whole milliseconds, and takes no date or nonsense for that', async () => {
    const askedFor = async (value: string) => {
      const url = await receiver((_request, response) => response.writeHead(503, { 'retry-after': value }).end());
      return (await send(url)).retryAfterMs;
    };
    expect(await askedFor('7')).toBe(7000);
    expect(await askedFor('0.0001')).toBe(1);
    for (const none of ['0', '-5', 'soon', 'Wed, 21 Oct 2026 07:28:00 GMT'])
      expect(await askedFor(none)).toBeUndefined();
  });

  it('names no address when nothing answers', async () => {
    const failing = send('http://127.0.0.1:9/secret-path');
    await expect(failing).rejects.toThrow('no answer (ECONNREFUSED)');
    await expect(failing).rejects.not.toThrow('secret-path');
  });

  it('is cut short with the step that sends it', async () => {
    const step = new AbortController();
    const url = await receiver(() => step.abort());
    await expect(send(url, step.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('the receiver of docs/webhooks.md', () => {
  it('takes what was signed a moment ago, and nothing that was changed, is old or is not signed', async () => {
    const secret = randomBytes(32);
    process.env['DELTALOOP_WEBHOOK_SECRET'] = `whsec_${secret.toString('base64')}`;
    const page = await readFile(new URL('../../docs/webhooks.md', import.meta.url), 'utf8');
    const code = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';
    const folder = await mkdtemp(join(tmpdir(), 'deltaloop-receiver-'));
    const file = join(folder, 'receiver.mjs');
    await writeFile(file, code);
    const { isGenuine } = (await import(pathToFileURL(file).href)) as {
      isGenuine: (headers: Record<string, string>, body: string | Buffer) => boolean;
    };
    const now = Math.floor(Date.now() / 1000);
    const body = '{"title":"Füchse"}';
    const headers = signed(secret, { id: 'a/1/finished', at: now, body });
    expect(isGenuine(headers, body)).toBe(true);
    expect(isGenuine(headers, Buffer.from(body))).toBe(true);
    expect(isGenuine(headers, `${body} `)).toBe(false);
    expect(isGenuine({ ...headers, 'webhook-id': 'b' }, body)).toBe(false);
    expect(isGenuine(signed(secret, { id: 'a', at: now - 301, body }), body)).toBe(false);
    expect(isGenuine(signed(randomBytes(32), { id: 'a', at: now, body }), body)).toBe(false);
    expect(isGenuine({ ...headers, 'webhook-signature': 'é'.repeat(47) }, body)).toBe(false);
    expect(isGenuine({}, body)).toBe(false);
    delete process.env['DELTALOOP_WEBHOOK_SECRET'];
    await rm(folder, { recursive: true });
  });
});
