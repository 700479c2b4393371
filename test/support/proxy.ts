import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listening } from './local-server.ts';

/** What a fault does with a request; `null` lets it through to the real service. */
export interface Fault {
  status: number;
  code: string;
  headers?: Record<string, string>;
  /** What is answered instead of the error envelope. */
  body?: string;
}
export type FaultRule = (request: { method: string; path: string }) => Fault | null | Promise<Fault | null>;

export interface FaultyProxy {
  url: string;
  /** Every request that came, as `METHOD /path`. */
  seen: string[];
  /** Replaces the rule; `null` ends the trouble. */
  rule(next: FaultRule | null): void;
  /** Called when the service has answered and the loop has not been told; `true` drops the answer. */
  afterwards(next: ((request: { method: string; path: string }) => boolean) | null): void;
  close(): Promise<void>;
}

/** Stands between the loop and the real vision service and makes trouble on demand. */
export async function faultyProxy(target: string): Promise<FaultyProxy> {
  let current: FaultRule | null = null;
  let after: ((request: { method: string; path: string }) => boolean) | null = null;
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const method = request.method ?? 'GET';
    seen.push(`${method} ${path}`);
    answer({
      request,
      response,
      target,
      fault: Promise.resolve(current?.({ method, path }) ?? null),
      drop: () => after?.({ method, path }) ?? false,
    }).catch((error: unknown) => response.destroy(error as Error));
  });
  const { port, close } = await listening(server);
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    rule: (next) => {
      current = next;
    },
    afterwards: (next) => {
      after = next;
    },
    close,
  };
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  target: string;
  fault: Promise<Fault | null>;
  drop: () => boolean;
}

async function answer({ request, response, target, fault, drop }: Exchange): Promise<void> {
  const body = Buffer.concat(await request.toArray());
  const trouble = await fault;
  if (trouble) {
    const { status, code, headers, body: text } = trouble;
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(text ?? JSON.stringify({ error: { code, message: `made up: ${code}` } }));
    return;
  }
  const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
  const method = request.method ?? 'GET';
  const passed = await fetch(new URL(request.url ?? '/', target), {
    method,
    headers: headers as Record<string, string>,
    ...(body.length > 0 ? { body } : {}),
  });
  const bytes = Buffer.from(await passed.arrayBuffer());
  if (drop()) {
    response.destroy();
    return;
  }
  const type = passed.headers.get('content-type') ?? 'application/json';
  response.writeHead(passed.status, { 'content-type': type }).end(bytes);
}

/** Holds a loop in its training until the returned function is called: the service is asked, and says nothing for so long. */
export function holdTraining(proxy: FaultyProxy, loop: string): () => void {
  const held = Promise.withResolvers<void>();
  proxy.rule(async ({ method, path }) => {
    if (method === 'GET' && path.includes(`/models/${loop}-r`)) await held.promise;
    return null;
  });
  return held.resolve;
}
