import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addressOf } from '../../vision-service/http-server.ts';
import { InFlightBytes } from '../../vision-service/routes/in-flight.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  call,
  classification,
  ended,
  errorOf,
  json,
  KEY,
  picture,
  startService,
  training,
  writeCoco,
} from './http-helpers.ts';

/** Opens a connection, sends what is given and never more, and gives all that comes back until the service closes it. */
async function sendAndWait(port: number, sent: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  socket.write(sent);
  return text(socket);
}

async function serviceWith(limits: Parameters<typeof startService>[1]) {
  return (await startService(await temporaryFolder(), limits)).service;
}

describe('a request', () => {
  it('whose headers or body do not come in time is ended with 408', async () => {
    const service = await serviceWith({ limits: { headersTimeout: 1, requestTimeout: 1 } });
    const head = `PUT /computervision/datasets/d?api-version=2023-04-01-preview HTTP/1.1\r\nhost: x\r\nOcp-Apim-Subscription-Key: ${KEY}\r\n`;
    for (const sent of [head, `${head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{`]) {
      const answer = await sendAndWait(service.port, sent);
      expect(answer).toContain('HTTP/1.1 408');
      expect(answer).toContain('x-ms-error-code: RequestTimeout');
    }
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
  });

  it('with headers beyond the limit, or that is no HTTP, gets the envelope', async () => {
    const service = await serviceWith({ limits: { maxHeaderBytes: 2048 } });
    const long = await sendAndWait(
      service.port,
      `GET /health HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(4096)}\r\n\r\n`,
    );
    expect(long).toMatch(/^HTTP\/1\.1 431[\s\S]*"code":"RequestHeaderFieldsTooLarge"/);
    for (const sent of ['nonsense', 'GET /health HTTP/1.1\r\nhost: a b\r\nconnection: close']) {
      const answer = await sendAndWait(service.port, `${sent}\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400[\s\S]*"code":"InvalidRequest"/);
    }
  });

  it('that names no host is answered', async () => {
    const service = await serviceWith({});
    expect(await sendAndWait(service.port, 'GET /health HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200/);
  });

  it('with a body beyond the limit of its route is refused, declared or not', async () => {
    const service = await serviceWith({ limits: { maxJsonBytes: 2000, maxImageBytes: 3000 } });
    const large = { customProperties: { a: 'x'.repeat(2000) } };
    expect(await errorOf(await call(service, 'PUT /datasets/d', json(large)))).toMatchObject({ status: 413 });
    const stream = new Blob([new Uint8Array(3001)]).stream();
    const image = await call(service, 'POST /imageanalysis:analyze?model-name=m', {
      body: stream,
      duplex: 'half',
    });
    expect(await errorOf(image)).toMatchObject({ status: 413, code: 'RequestEntityTooLarge' });
  });
});

describe('connections', () => {
  it('beyond the limit are closed, and the others still answered', async () => {
    const service = await serviceWith({ limits: { maxConnections: 2 } });
    const held = [0, 1].map(() => connect(service.port, '127.0.0.1'));
    onTestFinished(() => held.forEach((socket) => void socket.destroy()));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    expect(await sendAndWait(service.port, '')).toBe('');
    const [first] = held;
    first?.write('GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    expect(first && (await text(first))).toContain('HTTP/1.1 200');
  });
});

describe('images in flight', () => {
  it('are bounded in bytes: what has no room is told when to come again', () => {
    const bytes = new InFlightBytes(100);
    const release = bytes.claim(60);
    bytes.claim(40);
    const refused = () => bytes.claim(1);
    expect(refused).toThrow(expect.objectContaining({ status: 429, headers: { 'retry-after': '1' } }));
    release();
    release();
    expect(() => bytes.claim(61)).toThrow();
    bytes.claim(60);
  });

  it('may be one that is larger than all, alone', () => {
    expect(() => new InFlightBytes(10).claim(20)).not.toThrow();
  });

  it('count also when they are downloaded for a prediction', async () => {
    const [home, downloading, finish] = [
      await temporaryFolder(),
      Promise.withResolvers<void>(),
      Promise.withResolvers<void>(),
    ];
    const bytes = await picture('red', 1);
    const images = createServer((_request, response) => {
      downloading.resolve();
      void finish.promise.then(() => response.end(bytes));
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void images.close());
    await once(images, 'listening');
    const { client, service } = await startService(home, {
      allowPrivate: true,
      limits: { maxImageBytesInFlight: 100 },
    });
    await client.registerDataset('d', classification(await writeCoco(home, 'c.json', { perClass: 3 })));
    await client.createModel('m', training('d'));
    await ended(client, 'm');
    const route = 'POST /imageanalysis:analyze?model-name=m';
    const first = call(service, route, json({ url: `${addressOf(images).url}/1.png` }));
    await downloading.promise;
    expect(await errorOf(await call(service, route, { body: bytes }))).toMatchObject({ status: 429 });
    finish.resolve();
    expect((await first).status).toBe(200);
    expect((await call(service, route, { body: bytes })).status).toBe(200);
  });

  it('give their room back when they are answered, well or not', async () => {
    const service = await serviceWith({ limits: { maxImageBytesInFlight: 100 } });
    for (let i = 0; i < 3; i++) {
      const answer = await call(service, 'POST /imageanalysis:analyze?model-name=m', { body: new Uint8Array(90) });
      expect(await errorOf(answer)).toMatchObject({ status: 404, code: 'ModelNotFound' });
    }
  });
});
