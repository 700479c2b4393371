import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { sha256Of } from '../../data/hash.ts';
import { jsonOrUndefined } from '../../loop/json.ts';
import { MOUNT_POINT, ModelRequestSchema, ModelSchema } from '../../vision/contract.ts';
import { listening } from '../support/local-server.ts';
import type { HttpFault, Route, Trigger } from './plan.ts';
import type { RecordedRequest, RequestLog } from './request-log.ts';

/** Trouble for the next so many requests of a route. */
export interface Trouble {
  fault: HttpFault;
  route: Route;
  count: number;
  /** Milliseconds. */
  slowMs: number;
}

export interface RecordingProxy {
  url: string;
  trouble(next: Trouble): void;
  /** Resolves when the n-th request of a route since the last `calm` has come; never for one that does not come. */
  came(trigger: Trigger): Promise<void>;
  /** Ends all trouble, and counts requests anew. */
  calm(): void;
  close(): Promise<void>;
}

/** Stands between the workers and the vision service, writes down every request and what became of it, and makes trouble. */
export async function recordingProxy(target: string, log: RequestLog): Promise<RecordingProxy> {
  const troubles: Trouble[] = [];
  const arrivals = new Arrivals();
  const fault = (route: Route) => {
    arrivals.count(route);
    return takeFault(troubles, route);
  };
  const server = createServer((request, response) => {
    exchange({ request, response, target, log, fault }).catch((error: unknown) => response.destroy(error as Error));
  });
  const { port, close } = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    trouble: (next) => void troubles.push({ ...next }),
    came: (trigger) => arrivals.wait(trigger),
    calm: () => {
      troubles.splice(0);
      arrivals.reset();
    },
    close,
  };
}

/** Counts requests by route and tells who waits for one. */
class Arrivals {
  #counts = new Map<Route, number>();
  #waiting: { trigger: Trigger; resolve: () => void }[] = [];

  wait(trigger: Trigger): Promise<void> {
    return new Promise((resolve) => this.#waiting.push({ trigger, resolve }));
  }

  count(route: Route): void {
    const nth = (this.#counts.get(route) ?? 0) + 1;
    this.#counts.set(route, nth);
    for (const { trigger, resolve } of this.#waiting) if (trigger.route === route && trigger.nth === nth) resolve();
  }

  reset(): void {
    this.#counts.clear();
    this.#waiting = [];
  }
}

function takeFault(troubles: Trouble[], route: Route): Trouble | null {
  const next = troubles.find((each) => each.count > 0 && (each.route === 'any' || each.route === route));
  if (!next) return null;
  next.count -= 1;
  return next;
}

/** Which step of a loop a request belongs to. */
function routeOf(method: string, path: string): Route {
  if (path.startsWith('imageanalysis')) return 'predict';
  if (path.includes('/evaluations/')) return 'evaluate';
  if (path.startsWith('datasets/')) return 'register';
  return method === 'GET' ? 'look' : 'train';
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  target: string;
  log: RequestLog;
  fault: (route: Route) => Trouble | null;
}

async function exchange({ request, response, target, log, fault }: Exchange): Promise<void> {
  const { method = 'GET' } = request;
  const url = new URL(request.url ?? '/', target);
  const path = url.pathname.replace(`${MOUNT_POINT}/`, '');
  const at = Date.now();
  const body = Buffer.concat(await request.toArray());
  const trouble = fault(routeOf(method, path));
  const record = (rest: Omit<RecordedRequest, keyof ReturnType<typeof askedFor>>) =>
    log.add({ ...askedFor({ at, method, path, body }), ...rest });
  const kept = { fault: trouble?.fault ?? null, model: null, status: null };
  if (trouble && refuse(response, trouble)) return record({ ...kept, reached: 'no', delivered: false });
  const answer = await forward(url, { method, headers: request.headers, body });
  if ('reached' in answer) {
    response.destroy();
    return record({ ...kept, reached: answer.reached, delivered: false });
  }
  const said = { ...kept, status: answer.status, model: modelIn(answer.bytes), reached: 'yes' as const };
  record({ ...said, delivered: await deliver(response, answer, trouble) });
}

function askedFor({ at, method, path, body }: { at: number; method: string; path: string; body: Buffer }) {
  const digest = sha256Of(body);
  const order = /^models\/[^/]+$/.test(path) && method === 'PUT' ? trainingIn(body) : null;
  return { at, method, path, digest, training: order };
}

function trainingIn(body: Buffer): RecordedRequest['training'] {
  const { data } = ModelRequestSchema.safeParse(jsonOrUndefined(body.toString('utf8')));
  if (!data) return null;
  return { dataset: data.trainingParameters.trainingDatasetName, hours: data.trainingParameters.timeBudgetInHours };
}

function modelIn(bytes: Buffer): RecordedRequest['model'] {
  const { data } = ModelSchema.safeParse(jsonOrUndefined(bytes.toString('utf8')));
  return data ? { name: data.name, status: data.status, minutes: data.trainingCostInMinutes ?? null } : null;
}

/** Trouble that keeps a request from the service. */
function refuse(response: ServerResponse, { fault }: Trouble): boolean {
  if (fault === 'reset-before') response.destroy();
  else if (fault === 'too-many' || fault === 'broken') {
    const status = fault === 'too-many' ? 429 : 500;
    const headers = { 'content-type': 'application/json', ...(fault === 'too-many' ? { 'retry-after': '1' } : {}) };
    response.writeHead(status, headers).end(JSON.stringify({ error: { code: 'madeUp', message: 'made up' } }));
  } else return false;
  return true;
}

interface Answer {
  status: number;
  type: string;
  bytes: Buffer;
}

const ErrorWithCode = z.object({ cause: z.object({ code: z.string() }) });

async function forward(
  url: URL,
  { method, headers, body }: { method: string; headers: IncomingMessage['headers']; body: Buffer },
): Promise<Answer | { reached: 'no' | 'unknown' }> {
  const { host: _host, connection: _connection, 'content-length': _length, ...kept } = headers;
  try {
    const init = { method, headers: kept as Record<string, string>, ...(body.length > 0 ? { body } : {}) };
    const passed = await fetch(url, init);
    const bytes = Buffer.from(await passed.arrayBuffer());
    return { status: passed.status, type: passed.headers.get('content-type') ?? 'application/json', bytes };
  } catch (error) {
    const code = ErrorWithCode.safeParse(error).data?.cause.code;
    return { reached: code === 'ECONNREFUSED' ? 'no' : 'unknown' };
  }
}

/** Whether the worker was sent the whole answer. */
async function deliver(response: ServerResponse, answer: Answer, trouble: Trouble | null): Promise<boolean> {
  if (trouble?.fault === 'slow') await delay(trouble.slowMs);
  if (trouble?.fault === 'reset-after') {
    response.destroy();
    return false;
  }
  const cut = trouble?.fault === 'truncated' && answer.bytes.length > 1;
  const bytes = cut ? answer.bytes.subarray(0, Math.floor(answer.bytes.length / 2)) : answer.bytes;
  response.writeHead(answer.status, { 'content-type': answer.type }).end(bytes);
  return !cut;
}
