import { type LookupAddress, lookup } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { isPrivateAddress } from './addresses.ts';
import { SourceError, shownUri } from './errors.ts';

const MAX_REDIRECTS = 5;
/** A server that sends nothing for so long is given up. */
const IDLE_MS = 30_000;
/** A whole download takes no longer than this. */
const TOTAL_MS = 300_000;

/** How much may be read and from where. */
export interface HttpLimits {
  maxBytes: number;
  allowPrivate: boolean;
  signal?: AbortSignal | undefined;
}

/**
 * Downloads an http(s) URL, counting bytes while reading. Addresses are checked where the connection is made, so
 * neither a redirect nor a name that resolves differently the second time reaches a private one.
 *
 * @throws {SourceError} for any answer but 200, a refused address, too many bytes or redirects, or no whole answer
 */
export async function readHttp(uri: string, limits: HttpLimits): Promise<Buffer> {
  const deadline = AbortSignal.timeout(TOTAL_MS);
  const signal = limits.signal === undefined ? deadline : AbortSignal.any([limits.signal, deadline]);
  let url = new URL(uri);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await request(url, limits, signal);
    const location = redirectOf(response);
    if (location === undefined) return collect(response, url, limits);
    response.resume();
    url = redirectTarget(location, url);
  }
  throw new SourceError(`${shownUri(uri)} redirects more than ${MAX_REDIRECTS} times`);
}

function request(url: URL, limits: HttpLimits, signal: AbortSignal): Promise<http.IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !limits.allowPrivate && isPrivateAddress(host)) throw refused(url);
  const module = url.protocol === 'https:' ? https : http;
  const options: http.RequestOptions = { signal, timeout: IDLE_MS };
  if (!limits.allowPrivate) options.lookup = publicLookup(url);
  return new Promise((resolve, reject) => {
    const sent = module.get(url, options, resolve);
    sent.on('timeout', () => sent.destroy(new SourceError(`${shownUri(url.href)} sends nothing for ${IDLE_MS} ms`)));
    sent.on('error', (error) => reject(limits.signal?.aborted ? limits.signal.reason : unreadable(url, error)));
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

async function collect(response: http.IncomingMessage, url: URL, limits: HttpLimits): Promise<Buffer> {
  if (response.statusCode !== 200) {
    response.resume();
    throw new SourceError(`${shownUri(url.href)} answered ${response.statusCode ?? 'no status'}`);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response) {
      const part = Buffer.from(chunk);
      bytes += part.length;
      if (bytes > limits.maxBytes)
        throw new SourceError(`${shownUri(url.href)} has more than ${limits.maxBytes} bytes`);
      chunks.push(part);
    }
  } catch (error) {
    limits.signal?.throwIfAborted();
    throw error instanceof Error ? unreadable(url, error) : error;
  }
  return Buffer.concat(chunks);
}

function redirectOf(response: http.IncomingMessage): string | undefined {
  return [301, 302, 303, 307, 308].includes(response.statusCode ?? 0) ? response.headers.location : undefined;
}

function redirectTarget(location: string, from: URL): URL {
  const target = URL.parse(location, from.href);
  if (target !== null && (target.protocol === 'http:' || target.protocol === 'https:')) return target;
  throw new SourceError(`${shownUri(from.href)} redirects to something that is not http(s)`);
}

function refused(url: URL): SourceError {
  return new SourceError(
    `${shownUri(url.href)} is a private address; set DELTALOOP_VISION_ALLOW_PRIVATE=1 to allow such addresses`,
  );
}

function unreadable(url: URL, error: Error): SourceError {
  if (error instanceof SourceError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return new SourceError(`${shownUri(url.href)} cannot be read (${code})`);
}
