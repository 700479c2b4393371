import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { TransientSourceError } from '../../vision-service/data-access/errors.ts';
import { PATIENCE, pauseMs, retryAfterMs } from '../../vision-service/data-access/patience.ts';
import { type AccessRules, readSource } from '../../vision-service/data-access/source.ts';
import { serve } from './file-server.ts';

/** Real patience, in milliseconds instead of seconds. */
const PATIENT = { attempts: 4, backoffMs: 2, idleMs: 2_000, totalMs: 5_000, maxRetryAfterMs: 1_000, coolMs: 60_000 };

function access(patience: object = {}, more: Partial<AccessRules> = {}): AccessRules {
  return { allowedRoots: [], allowPrivate: true, patience: { ...PATIENT, ...patience }, ...more };
}

/** A server that works through a list of answers; the last one stays. */
async function script(...answers: RequestListener[]) {
  const requests: IncomingMessage[] = [];
  const url = await serve((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(request);
    answer?.(request, response);
  });
  return { url, requests };
}

const good: RequestListener = (_, response) => void response.end('here');
const status = (code: number, headers = {}): RequestListener => {
  return (_, response) => void response.writeHead(code, headers).end('<Error/>');
};
const cut: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': 10 }).write('half');
  setImmediate(() => response.destroy());
};
const hangUp: RequestListener = (request) => void request.socket.destroy();
const read = (url: string, rules = access()) => readSource(url, rules, { maxBytes: 1000 });

describe('a download that fails for the moment', () => {
  it.each([
    ['answer 408', status(408)],
    ['answer 429', status(429)],
    ['answer 500', status(500)],
    ['answer 503 with a date', status(503, { 'retry-after': new Date(0).toUTCString() })],
    ['answer that is cut off', cut],
    ['connection that is reset', hangUp],
  ])('is tried again after an %s', async (_, failing) => {
    const { url, requests } = await script(failing, failing, good);
    expect((await read(url)).toString()).toBe('here');
    expect(requests).toHaveLength(3);
  });

  it('is given up after some tries, with the last answer and their number', async () => {
    const { url, requests } = await script(status(503, { 'x-ms-error-code': 'ServerBusy' }));
    await expect(read(`${url}/a.png?sig=x`)).rejects.toThrow(/\/a\.png answered 503 \(ServerBusy\), also at try 4$/);
    expect(requests).toHaveLength(4);
  });

  it.each([400, 401, 403, 404, 410])('is not tried again after an answer %i', async (code) => {
    const { url, requests } = await script(status(code), good);
    await expect(read(url)).rejects.toThrow(`answered ${code}`);
    expect(requests).toHaveLength(1);
  });

  it('is not tried again when the server asks for more time than there is', async () => {
    const { url, requests } = await script(status(429, { 'retry-after': '3600' }), good);
    await expect(read(url)).rejects.toThrow('answered 429');
    expect(requests).toHaveLength(1);
  });

  it('stops waiting when it is cancelled', async () => {
    const controller = new AbortController();
    const { url } = await script((_, response) => {
      response.writeHead(503).end();
      controller.abort(new Error('cancelled'));
    });
    const reading = readSource(url, access({ backoffMs: 60_000 }), { maxBytes: 9, signal: controller.signal });
    await expect(reading).rejects.toThrow('cancelled');
  });

  it('leaves a server alone that lost one download after the other, and asks others', async () => {
    const { url, requests } = await script(hangUp);
    const rules = access({ attempts: 1 });
    for (let i = 0; i < 8; i++) await expect(read(url, rules)).rejects.toThrow('cannot be read');
    await expect(read(`${url}/next.png`, rules)).rejects.toThrow(/next\.png was not asked for: 8 downloads in a row/);
    expect(requests).toHaveLength(8);
    const other = await script(good);
    expect((await read(other.url, rules)).toString()).toBe('here');
  });

  it('is asked again once the server’s time of rest is over', async () => {
    const { url } = await script(...Array.from({ length: 8 }, () => hangUp), good);
    const rules = access({ attempts: 1, coolMs: 0 });
    for (let i = 0; i < 8; i++) await expect(read(url, rules)).rejects.toThrow('cannot be read');
    expect((await read(url, rules)).toString()).toBe('here');
  });
});

describe('the pause before another try', () => {
  it('doubles, is what the server asks for if that is longer, and ends with the tries', () => {
    const pauses = [1, 2, 3].map((attempt) => pauseMs(new TransientSourceError('x'), attempt, PATIENCE) ?? 0);
    for (const [i, ms] of pauses.entries()) {
      expect(ms).toBeGreaterThanOrEqual(250 * 2 ** i);
      expect(ms).toBeLessThanOrEqual(500 * 2 ** i);
    }
    expect(pauseMs(new TransientSourceError('x', 7000), 1, PATIENCE)).toBe(7000);
    expect(pauseMs(new TransientSourceError('x', 60_001), 1, PATIENCE)).toBeUndefined();
    expect(pauseMs(new TransientSourceError('x'), 4, PATIENCE)).toBeUndefined();
  });

  it('is read from seconds and from dates, and nonsense counts as nothing', () => {
    expect(retryAfterMs('3')).toBe(3000);
    expect(retryAfterMs(new Date(0).toUTCString())).toBe(0);
    expect(retryAfterMs(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(1000);
    expect([retryAfterMs('soon'), retryAfterMs(undefined)]).toEqual([undefined, undefined]);
  });
});

describe('a server with bad manners', () => {
  it('is given up when it sends nothing, not even a header', async () => {
    const { url } = await script(() => undefined);
    await expect(read(url, access({ idleMs: 20, attempts: 1 }))).rejects.toThrow('sends nothing for 20 ms');
  });

  it('is given up when it drips, at the first try', async () => {
    const { url, requests } = await script((_, response) => drip(response));
    const rules = access({ totalMs: 50, idleMs: 10_000 });
    await expect(read(url, rules)).rejects.toThrow(/takes longer than 51 ms$/);
    expect(requests).toHaveLength(1);
  });

  it('cannot make more than the limit come in, with a true length, a false one or none', async () => {
    const declared = await script((_, response) => void response.writeHead(200, { 'content-length': 5000 }).write('x'));
    await expect(read(declared.url)).rejects.toThrow('has 5000 bytes, more than 1000');
    const lying = await script((_, response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere${'x'.repeat(5000)}`);
    });
    expect((await read(lying.url)).toString()).toBe('here');
    const endless = await script((_, response) => flood(response));
    await expect(read(endless.url)).rejects.toThrow('has more than 1000 bytes');
    const endlessRefusal = await script((_, response) => flood(response.writeHead(404)));
    await expect(read(endlessRefusal.url)).rejects.toThrow('answered 404');
  });

  it('is told when it sends an encoding that is not read', async () => {
    const { url } = await script(
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    );
    await expect(read(url)).rejects.toThrow('the encoding "gzip", which is not read');
  });
});

describe('many downloads from one host', () => {
  it('share a bounded number of connections', async () => {
    const sockets = new Set<unknown>();
    let [now, most] = [0, 0];
    const url = await serve((request, response) => {
      sockets.add(request.socket);
      now += 1;
      most = Math.max(most, now);
      setImmediate(() => {
        now -= 1;
        response.end('here');
      });
    });
    const rules = access({}, { connectionsPerHost: 3 });
    await Promise.all(Array.from({ length: 60 }, (_, i) => read(`${url}/${i}`, rules)));
    expect(most).toBeLessThanOrEqual(3);
    expect(sockets.size).toBeLessThanOrEqual(3);
  });
});

/** One byte at a time for as long as somebody listens. */
function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write('x'), 30);
  response.on('close', () => clearInterval(timer));
}

function flood(response: ServerResponse): void {
  const more = () => {
    while (response.write('x'.repeat(1000)));
  };
  response.on('drain', more);
  more();
}
