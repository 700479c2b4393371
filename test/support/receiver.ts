import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Webhook } from '../../activities/webhook.ts';

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
  /** What it was answered. */
  status: number;
}

/** A receiver of notices over real TLS with a certificate of its own. */
export interface Receiver {
  webhook: Webhook;
  received: Received[];
  /** Replaces what requests are answered, by their number from 1. */
  answer(next: (n: number) => number): void;
  close(): Promise<void>;
}

/** @param folder where its key and certificate are written */
export async function startReceiver(folder: string): Promise<Receiver> {
  const [keyFile, certFile] = [join(folder, 'receiver.key'), join(folder, 'receiver.pem')];
  const self = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  await promisify(execFile)('openssl', [...self, ...name, '-keyout', keyFile, '-out', certFile]);
  const [key, cert] = await Promise.all([readFile(keyFile, 'utf8'), readFile(certFile, 'utf8')]);
  const received: Received[] = [];
  let status = (_n: number) => 204;
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const answered = status(received.length + 1);
    received.push({ headers: request.headers, body, status: answered });
    response.writeHead(answered).end();
  };
  const server = createServer({ key, cert }, (request, response) => {
    take(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    webhook: { url: `https://localhost:${port}/hook`, secret: randomBytes(32), ui: 'http://ui.test/', ca: cert },
    received,
    answer: (next) => {
      status = next;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
