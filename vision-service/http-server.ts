import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { ERROR_CODE_HEADER } from '../vision/contract.ts';
import type { Fetch } from './faults/middleware.ts';
import type { ServiceLimits } from './limits.ts';

/** Requests that have not ended so long after the end was asked for are cut off. */
const CLOSE_MS = 5_000;
/** How often connections are looked at for being late or, while closing, idle. */
const CHECK_MS = 1_000;
const CLOSING_CHECK_MS = 50;

/** Answers HTTP with `fetch` within the limits; resolves once it listens. Rejects with the system's error when it cannot. */
export function listen(
  fetch: Fetch,
  { host, port, limits }: { host: string; port: number; limits: ServiceLimits },
): Promise<Server> {
  // The server has no HTTP/2, so the bindings are those of HTTP/1.
  const answer = getRequestListener((request, env) => fetch(request, env as Parameters<Fetch>[1]), {
    overrideGlobalObjects: false,
    // For callers that name no host, as HTTP/1.0 allows.
    hostname: host,
    errorHandler: unreadable,
  });
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeout * 1000,
      requestTimeout: limits.requestTimeout * 1000,
      keepAliveTimeout: limits.keepAliveTimeout * 1000,
      connectionsCheckingInterval: CHECK_MS,
      requireHostHeader: false,
    },
    (request, response) => void answer(request, response),
  );
  server.maxConnections = limits.maxConnections;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket as Socket));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

/** The origin and port of a server that listens. */
export function addressOf(server: Server): { url: string; port: number } {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${host}:${address.port}`, port: address.port };
}

/** Takes no more connections and lets requests under way end, for a while; idle connections do not hold it up. */
export function closeServer(server: Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  const idle = setInterval(() => server.closeIdleConnections(), CLOSING_CHECK_MS);
  return new Promise((resolve, reject) => {
    server.close((error) => {
      clearTimeout(late);
      clearInterval(idle);
      return error === undefined ? resolve() : reject(error);
    });
    server.closeIdleConnections();
  });
}

const REFUSALS: Record<string, { status: string; code: string; message: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    code: 'RequestHeaderFieldsTooLarge',
    message: 'The headers of the request are too large.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    code: 'RequestTimeout',
    message: 'The request did not come in time.',
  },
};
const NO_HTTP = { status: '400 Bad Request', code: 'InvalidRequest', message: 'The request is no valid HTTP.' };

/** A request that cannot be made into one for Hono, e.g. for its host. Faults of the service do not come here: the app answers them. */
function unreadable(error: unknown): Response {
  const { code } = NO_HTTP;
  const message = error instanceof Error ? error.message : NO_HTTP.message;
  return Response.json({ error: { code, message } }, { status: 400, headers: { [ERROR_CODE_HEADER]: code } });
}

/** What is wrong below the level of requests gets the envelope too. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { status, code, message } = REFUSALS[error.code ?? ''] ?? NO_HTTP;
  const body = JSON.stringify({ error: { code, message } });
  const headers = [
    `HTTP/1.1 ${status}`,
    'content-type: application/json',
    `${ERROR_CODE_HEADER}: ${code}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
}
