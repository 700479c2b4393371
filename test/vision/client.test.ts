import { createServer, type RequestListener } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createVisionClient } from '../../vision/client.ts';
import { VisionConnectionError, VisionContractError, VisionHttpError } from '../../vision/errors.ts';
import { retryAfterMs } from '../../vision/transport.ts';

const KEY = 'very-secret-key';
const MODEL = {
  name: 'm',
  status: 'SUCCEEDED',
  trainingParameters: { trainingDatasetName: 'd', timeBudgetInHours: 1 },
};

async function serverThat(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

async function addressNobodyListensAt(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return address !== null && typeof address !== 'string' ? `http://127.0.0.1:${address.port}` : '';
}

function clientOf(baseUrl: string, timeoutMs = 5_000) {
  return createVisionClient({ baseUrl, key: KEY, timeoutMs });
}

async function failureOf(call: Promise<unknown>): Promise<Error> {
  const error: unknown = await call.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('not an error');
  expect(`${error.message} ${JSON.stringify(error)}`).not.toMatch(/very-secret-key|api-version|\?/);
  return error;
}

describe('a call', () => {
  it.each(['', '/', '/computervision', '/computervision/'])(
    'reaches the mount point from an address ending in "%s"',
    async (ending) => {
      const seen: unknown[] = [];
      const url = await serverThat((request, response) => {
        seen.push(request.url, request.headers['ocp-apim-subscription-key']);
        response.end(JSON.stringify(MODEL));
      });
      expect((await clientOf(url + ending).getModel('m')).status).toBe('succeeded');
      expect(seen).toEqual(['/computervision/models/m?api-version=2023-04-01-preview', KEY]);
    },
  );

  it('treats null as absent', async () => {
    const url = await serverThat((_, response) => response.end(JSON.stringify({ ...MODEL, error: null })));
    expect((await clientOf(url).getModel('m')).error).toBeUndefined();
  });

  it('takes an answer without a body where none is due', async () => {
    const url = await serverThat((_, response) => response.writeHead(202).end());
    await expect(clientOf(url).cancelModel('m')).resolves.toBeUndefined();
  });

  it('sends image bytes as they are', async () => {
    const url = await serverThat((request, response) => {
      request.once('data', (bytes: Buffer) => {
        const tag = { name: `${request.headers['content-type']} ${bytes.toString('hex')}`, confidence: 1 };
        response.end(JSON.stringify({ customModelResult: { tagsResult: { values: [tag] } } }));
      });
    });
    const { customModelResult } = await clientOf(url).predict('m', Buffer.from('xx0102xx').subarray(2, 6));
    expect(customModelResult.tagsResult?.values[0]?.name).toBe('application/octet-stream 30313032');
  });
});

describe('an error answer', () => {
  it('brings status, code and when to come back, without the key', async () => {
    const url = await serverThat((_, response) => {
      const error = { code: 'TooManyRequests', message: `slow down, ${KEY}` };
      response.writeHead(429, { 'retry-after': '7' }).end(JSON.stringify({ error }));
    });
    const error = await failureOf(clientOf(url).getModel('m'));
    expect(error).toBeInstanceOf(VisionHttpError);
    expect(error).toMatchObject({
      status: 429,
      code: 'TooManyRequests',
      method: 'GET',
      path: '/computervision/models/m',
      retryAfterMs: 7000,
    });
  });

  it('without an envelope takes its code from the header, else from the status', async () => {
    const withHeader = await serverThat((_, response) =>
      response.writeHead(503, { 'x-ms-error-code': 'Busy' }).end('<html>'),
    );
    const bare = await serverThat((_, response) => response.writeHead(502).end());
    expect(await failureOf(clientOf(withHeader).getModel('m'))).toMatchObject({ code: 'Busy' });
    const failure = await failureOf(clientOf(bare).getModel('m'));
    expect(failure).toMatchObject({ code: 'HTTP_502' });
    // The status is told once.
    expect(String(failure)).toContain('/models/m answered 502: ');
  });

  it('is what a redirect is, so that the key goes nowhere else', async () => {
    const url = await serverThat((_, response) => response.writeHead(302, { location: 'http://elsewhere/' }).end());
    expect(await failureOf(clientOf(url).getModel('m'))).toMatchObject({ status: 302 });
  });
});

describe('no whole answer', () => {
  it('is a connection error that names the cause when nobody listens', async () => {
    const error = await failureOf(clientOf(await addressNobodyListensAt()).getModel('m'));
    expect(error).toBeInstanceOf(VisionConnectionError);
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is a connection error when the answer is cut off', async () => {
    const url = await serverThat((_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"name"');
      response.destroy();
    });
    expect(await failureOf(clientOf(url).getModel('m'))).toBeInstanceOf(VisionConnectionError);
  });

  it('is a connection error when the time is up', async () => {
    const url = await serverThat(() => undefined);
    expect(await failureOf(clientOf(url, 50).getModel('m'))).toMatchObject({ code: 'TIMEOUT' });
  });

  it('gives the reason of the caller who stopped the call', async () => {
    const controller = new AbortController();
    const url = await serverThat(() => controller.abort(new Error('not needed any more')));
    await expect(clientOf(url).getModel('m', { signal: controller.signal })).rejects.toThrow('not needed any more');
  });
});

describe('a good answer that does not fit', () => {
  it.each(['{"name"', '[]', '{"name":"m"}'])('such as %s is a contract error', async (body) => {
    const url = await serverThat((_, response) => response.end(body));
    expect(await failureOf(clientOf(url).getModel('m'))).toBeInstanceOf(VisionContractError);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    ['3', 3000],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    [null, undefined],
  ])('of %s is understood', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});

describe('an address that is no http(s) URL', () => {
  it.each(['', 'localhost:7', 'ftp://x'])('such as "%s" is refused at once', (baseUrl) => {
    expect(() => clientOf(baseUrl)).toThrow(TypeError);
  });
});
