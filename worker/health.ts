import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Readiness } from './readiness.ts';

interface Health {
  /** Loopback port; 0 takes any, null means none. */
  port: number | null;
  /** Told with every answer, e.g. the build. */
  about: Record<string, unknown>;
  ready: () => Promise<Readiness>;
}

export interface HealthServer {
  port: number;
  close(): Promise<void>;
}

/**
 * Answers `/health` (the process lives) and `/ready` (it takes on work, or why not) on loopback; null without a port.
 * @throws Error naming the setting when it cannot listen there.
 */
export async function serveHealth({ port, about, ready }: Health): Promise<HealthServer | null> {
  if (port === null) return null;
  const server = createServer((request, response) => {
    answer(request, { about, ready }).then(
      (reply) => send(response, reply),
      () => send(response, { status: 500, body: { ok: false } }),
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `/health and /ready cannot be served: ${why}\nSet DELTALOOP_HEALTH_PORT to a free port, or unset it.`,
      {
        cause,
      },
    );
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

interface Reply {
  status: number;
  body: Record<string, unknown>;
  headers?: Record<string, string>;
}

async function answer({ url, method }: IncomingMessage, { about, ready }: Omit<Health, 'port'>): Promise<Reply> {
  const path = url?.split('?')[0];
  if (path !== '/health' && path !== '/ready') return { status: 404, body: { ok: false } };
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, body: { ok: false }, headers: { allow: 'GET, HEAD' } };
  if (path === '/health') return { status: 200, body: { ok: true, ...about } };
  const { ready: ok, reasons, workers } = await ready();
  return { status: ok ? 200 : 503, body: { ok, reasons, ...about, workers } };
}

/** Nothing of it is kept or taken for a page by a browser that comes by. */
function send(response: ServerResponse, { status, body, headers }: Reply): void {
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'",
      ...headers,
    })
    .end(response.req.method === 'HEAD' ? undefined : JSON.stringify(body));
}
