import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import type { PayloadCodec } from '@temporalio/common';
import type { CodecAccess } from './codec-access.ts';
import { codecApp } from './codec-app.ts';

/** A request has so long to come, milliseconds; a slow one must not hold a connection. */
const REQUEST_MS = 15_000;
const MAX_CONNECTIONS = 64;
/** Requests that have not ended so long after the end was asked for are cut off. */
const CLOSE_MS = 5_000;

export interface CodecServerOptions {
  host: string;
  /** 0 takes any that is free. */
  port: number;
  codec: PayloadCodec;
  access: CodecAccess;
  /** Certificate and key in PEM; without them plain HTTP. */
  tls?: { cert: Buffer; key: Buffer } | undefined;
}

/** A codec server that listens. */
export interface CodecServer {
  url: string;
  /** Takes no more requests, and resolves when those under way have ended, or after five seconds. */
  close(): Promise<void>;
}

/** Serves the codec endpoint. Rejects with the system's error when it cannot listen, or when TLS refuses its files. */
export async function serveCodec({ host, port, codec, access, tls }: CodecServerOptions): Promise<CodecServer> {
  const app = codecApp(codec, access);
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false, hostname: host });
  const server = bounded((request, response) => void listener(request, response), tls);
  server.listen(port, host);
  await once(server, 'listening');
  return { url: urlOf(server, tls === undefined ? 'http' : 'https'), close: () => close(server) };
}

function bounded(listener: RequestListener, tls: CodecServerOptions['tls']): Server {
  const limits = { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, connectionsCheckingInterval: 1000 };
  const server = tls === undefined ? createServer(limits, listener) : createTlsServer({ ...limits, ...tls }, listener);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

function urlOf(server: Server, scheme: string): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The codec server listens on no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}`;
}

async function close(server: Server): Promise<void> {
  const late = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await closed;
  clearTimeout(late);
}
