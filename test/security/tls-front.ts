import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  connect,
  constants,
  createSecureServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';

export interface TlsFront {
  /** `localhost:PORT`. */
  address: string;
  /** The headers of every call that came. */
  calls: IncomingHttpHeaders[];
  close(): Promise<void>;
}

/** Ends TLS in front of a plain gRPC server, and notes what each call brings. */
export async function tlsFront(target: string, files: { cert: string; key: string }): Promise<TlsFront> {
  const calls: IncomingHttpHeaders[] = [];
  const behind = connect(`http://${target}`);
  const sessions = new Set<ServerHttp2Session>();
  const server = createSecureServer({ cert: await readFile(files.cert), key: await readFile(files.key) });
  server.on('session', (session) => void sessions.add(session.on('error', () => undefined)));
  server.on('stream', (stream, headers) => {
    calls.push(headers);
    pass(stream, behind.request({ ...headers, ':scheme': 'http', ':authority': target }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `localhost:${(server.address() as AddressInfo).port}`,
    calls,
    close: async () => {
      for (const session of sessions) session.destroy();
      behind.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function pass(stream: ServerHttp2Stream, call: ReturnType<ReturnType<typeof connect>['request']>): void {
  let trailers: OutgoingHttpHeaders = {};
  call.on('trailers', (received) => {
    trailers = received;
  });
  call.on('response', (headers, flags) => {
    if (stream.destroyed) return;
    // An error comes as headers alone.
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) stream.respond(headers, { endStream: true });
    else stream.respond(headers, { waitForTrailers: true });
  });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.on('error', () => call.close());
  stream.on('close', () => call.close());
  call.on('error', () => stream.close());
  stream.pipe(call);
  call.pipe(stream);
}
