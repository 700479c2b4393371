import { type LookupAddress, lookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { isPrivateAddress } from './addresses.ts';
import { SourceError, shownUri, TransientSourceError } from './errors.ts';
import { agentFor } from './http-hosts.ts';
import { type Patience, tryMs } from './patience.ts';

/** What is read of an answer that is not wanted, so that its connection can be used again. */
const MAX_UNWANTED_BYTES = 16 * 1024;
/** Failures of a connection that pass by themselves. */
const PASSING = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** One request. */
export interface Exchange {
  /** Where to, with whatever signs it; only `shownUri` of it may be shown. */
  url: URL;
  headers: Record<string, string>;
  maxBytes: number;
  allowPrivate: boolean;
  connections: number;
  patience: Patience;
  signal: AbortSignal | undefined;
}

/** What came back; `body` is whole when the status is 200 and empty otherwise. */
export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/**
 * Sends one GET and reads the answer, counting bytes while they come. The address is checked where the connection is
 * made, so a name that resolves differently the second time reaches no private one.
 *
 * @throws {TransientSourceError} when the connection fails, or the server falls silent or drips
 * @throws {SourceError} for a refused address, or too many bytes
 * @throws the signal's reason once it is aborted
 */
export async function exchange(request: Exchange): Promise<Answer> {
  const { url, signal } = request;
  requirePublic(url, request.allowPrivate);
  const clock = startClock(request);
  try {
    const stop = signal === undefined ? clock.signal : AbortSignal.any([signal, clock.signal]);
    const response = await send(request, stop);
    clock.touch();
    return await answerOf(response, request, clock.touch);
  } catch (error) {
    signal?.throwIfAborted();
    throw clock.signal.aborted ? clock.signal.reason : unreadable(url, error);
  } finally {
    clock.stop();
  }
}

/** Ends a try that is silent for too long, or that drips. */
function startClock({ url, patience, maxBytes }: Exchange) {
  const controller = new AbortController();
  const shown = shownUri(url.href);
  const { idleMs } = patience;
  const total = tryMs(patience, maxBytes);
  const idle = setTimeout(() => {
    controller.abort(new TransientSourceError(`${shown} sends nothing for ${idleMs} ms`));
  }, idleMs);
  const whole = setTimeout(() => {
    // A server that drips would drip again.
    controller.abort(new TransientSourceError(`${shown} takes longer than ${Math.round(total)} ms`, Infinity));
  }, total);
  const stop = () => {
    clearTimeout(idle);
    clearTimeout(whole);
  };
  return { signal: controller.signal, touch: () => void idle.refresh(), stop };
}

function send(request: Exchange, signal: AbortSignal): Promise<http.IncomingMessage> {
  const { url, headers, allowPrivate } = request;
  const module = url.protocol === 'https:' ? https : http;
  const options: http.RequestOptions = { signal, headers, agent: agentFor(url, request) };
  if (!allowPrivate) options.lookup = publicLookup(url);
  return new Promise((resolve, reject) => {
    module.get(url, options, resolve).on('error', reject);
  });
}

/** Resolves names to public addresses only; it is the connection itself that uses what was checked. */
function publicLookup(url: URL): NonNullable<http.RequestOptions['lookup']> {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [], 0);
      const allowed = addresses.filter(({ address }: LookupAddress) => !isPrivateAddress(address));
      const [first] = allowed;
      if (first === undefined) return callback(refused(url), [], 0);
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}

async function answerOf(response: http.IncomingMessage, request: Exchange, touch: () => void): Promise<Answer> {
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    await discard(response, touch);
    return { status, headers: response.headers, body: Buffer.alloc(0) };
  }
  const encoding = response.headers['content-encoding'] ?? 'identity';
  const declared = Number(response.headers['content-length'] ?? 0);
  if (encoding !== 'identity')
    throw dropped(response, request, `is sent with the encoding "${encoding}", which is not read`);
  if (declared > request.maxBytes)
    throw dropped(response, request, `has ${declared} bytes, more than ${request.maxBytes}`);
  return { status, headers: response.headers, body: await collect(response, request, touch) };
}

async function collect(response: http.IncomingMessage, request: Exchange, touch: () => void): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    touch();
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > request.maxBytes) throw dropped(response, request, `has more than ${request.maxBytes} bytes`);
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

/** Reads a short answer to its end and cuts a long one off. */
async function discard(response: http.IncomingMessage, touch: () => void): Promise<void> {
  let bytes = 0;
  for await (const chunk of response) {
    touch();
    bytes += Buffer.from(chunk).length;
    if (bytes > MAX_UNWANTED_BYTES) break;
  }
}

function dropped(response: http.IncomingMessage, { url }: Exchange, problem: string): SourceError {
  response.destroy();
  return new SourceError(`${shownUri(url.href)} ${problem}`);
}

function requirePublic(url: URL, allowPrivate: boolean): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !allowPrivate && isPrivateAddress(host)) throw refused(url);
}

function refused(url: URL): SourceError {
  return new SourceError(
    `${shownUri(url.href)} is a private address; set DELTALOOP_VISION_ALLOW_PRIVATE=1 to allow such addresses`,
  );
}

function unreadable(url: URL, error: unknown): unknown {
  if (error instanceof SourceError || !(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  const message = `${shownUri(url.href)} cannot be read (${code})`;
  return PASSING.has(code) ? new TransientSourceError(message) : new SourceError(message);
}
