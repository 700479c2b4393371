import { z } from 'zod';
import { jsonOrUndefined } from '../loop/json.ts';
import { shapeProblem } from '../loop/shape.ts';
import { boundedText } from './bounded-text.ts';
import { ERROR_CODE_HEADER, ErrorEnvelopeSchema, KEY_HEADER, MOUNT_POINT } from './contract.ts';
import { VisionConnectionError, VisionContractError, VisionHttpError } from './errors.ts';

/** Where a service is and how to talk to it. */
export interface TransportOptions {
  /** With or without the `/computervision` at its end. */
  baseUrl: string;
  key: string;
  apiVersion: string;
  timeoutMs: number;
  fetch: typeof fetch;
}

/** One call: a path below the mount point, extra query values and a body. */
interface Call {
  method: 'GET' | 'PUT' | 'POST';
  path: string;
  query?: Record<string, string>;
  json?: unknown;
  bytes?: Uint8Array;
  signal?: AbortSignal | undefined;
}

/** Sends calls and gives back answers that fit a schema. */
export interface Transport {
  /** Throws VisionHttpError, VisionConnectionError, VisionContractError, or the signal's reason. */
  parsed<T>(call: Call, schema: z.ZodType<T>): Promise<T>;
  /** The same for routes whose answer has no body. */
  empty(call: Call): Promise<void>;
}

/** Makes a transport; throws TypeError when `baseUrl` is no http(s) address. */
export function createTransport(options: TransportOptions): Transport {
  const base = baseAddress(options.baseUrl);
  const send = (call: Call) => exchange(options, base, call);
  return {
    parsed: async (call, schema) => parseBody(call, await send(call), schema),
    empty: async (call) => void (await send(call)),
  };
}

function baseAddress(text: string): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new TypeError('The address of the vision service is not an http(s) URL');
  }
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith(MOUNT_POINT) ? path : path + MOUNT_POINT;
  url.search = '';
  url.hash = '';
  return url;
}

async function exchange(options: TransportOptions, base: URL, call: Call): Promise<Answer> {
  const url = new URL(`${base.href}/${call.path}`);
  url.search = new URLSearchParams({ ...call.query, 'api-version': options.apiVersion }).toString();
  const answer = await roundTrip(options, url, call);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new VisionHttpError({
    method: call.method,
    path: url.pathname,
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.headers.get('retry-after')),
    ...errorOf(answer, options.key),
  });
}

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

async function roundTrip(options: TransportOptions, url: URL, call: Call): Promise<Answer> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
  try {
    // A redirect is not followed: it could carry the key to another host.
    const response = await options.fetch(url, { ...requestOf(call, options.key), signal, redirect: 'manual' });
    return { status: response.status, headers: response.headers, text: await boundedText(response) };
  } catch (error) {
    call.signal?.throwIfAborted();
    const code = timeout.aborted ? 'TIMEOUT' : systemCode(error);
    throw new VisionConnectionError({ method: call.method, path: url.pathname, origin: url.origin, code });
  }
}

function requestOf(call: Call, key: string): RequestInit {
  const headers: Record<string, string> = { [KEY_HEADER]: key, accept: 'application/json' };
  if (call.bytes !== undefined) {
    headers['content-type'] = 'application/octet-stream';
    return { method: call.method, headers, body: new Uint8Array(call.bytes) };
  }
  if (call.json === undefined) return { method: call.method, headers };
  headers['content-type'] = 'application/json';
  return { method: call.method, headers, body: JSON.stringify(call.json) };
}

const SystemErrorSchema = z.object({ cause: z.object({ code: z.string() }) });

function systemCode(error: unknown): string {
  const parsed = SystemErrorSchema.safeParse(error);
  return parsed.success ? parsed.data.cause.code : 'CONNECTION';
}

/**
 * Milliseconds that a `Retry-After` header asks to wait, from seconds or from an HTTP date; never negative,
 * undefined when the header is absent or unreadable.
 */
export function retryAfterMs(header: string | null, now: number = Date.now()): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function errorOf({ status, headers, text }: Answer, key: string) {
  const envelope = ErrorEnvelopeSchema.safeParse(jsonOrUndefined(text));
  const header = headers.get(ERROR_CODE_HEADER) ?? undefined;
  const hide = (words: string) => (key === '' ? words : words.replaceAll(key, '…')).slice(0, 500);
  return envelope.success
    ? { code: envelope.data.error.code, serviceMessage: hide(envelope.data.error.message) }
    : { code: header ?? `HTTP_${status}`, serviceMessage: 'no error envelope in the answer' };
}

function parseBody<T>(call: Call, { text, status }: Answer, schema: z.ZodType<T>): T {
  const value = jsonOrUndefined(text);
  const problem = value === undefined ? 'the body is not JSON' : shapeProblem(value);
  const parsed = problem === undefined ? schema.safeParse(withoutNulls(value)) : undefined;
  if (parsed?.success) return parsed.data;
  const reason = parsed === undefined ? `${problem}` : z.prettifyError(parsed.error);
  throw new VisionContractError({ method: call.method, path: `${MOUNT_POINT}/${call.path}`, status, reason });
}

/** Servers differ in whether they leave an absent field out or send null; both mean absent. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([name, item]) => [name, withoutNulls(item)]));
}
