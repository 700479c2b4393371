import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Webhook } from '../../activities/webhook.ts';
import { listening } from './local-server.ts';
import { selfSigned } from './self-signed.ts';

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
  const files = await selfSigned(folder, 'receiver');
  const [key, cert] = await Promise.all([readFile(files.key, 'utf8'), readFile(files.cert, 'utf8')]);
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
  const { port, close } = await listening(server, 'localhost');
  return {
    webhook: { url: `https://localhost:${port}/hook`, secret: randomBytes(32), ui: 'http://ui.test/', ca: cert },
    received,
    answer: (next) => {
      status = next;
    },
    close,
  };
}
