import { once } from 'node:events';
import { createServer, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { inProcess } from './run-cli.ts';

const UNAUTHENTICATED = 16;
const PERMISSION_DENIED = 7;
let status = UNAUTHENTICATED;
let server: Http2Server;
let env: Record<string, string>;

/** Speaks gRPC, and refuses everybody: a local Temporal server has no authorisation to test against. */
beforeAll(async () => {
  server = createServer();
  server.on('stream', (stream) => {
    const refusal = { 'grpc-status': String(status), 'grpc-message': 'who are you?' };
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...refusal }, { endStream: true });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  env = { TEMPORAL_ADDRESS: `127.0.0.1:${(server.address() as AddressInfo).port}` };
});

afterAll(() => {
  server.close();
});

describe('a Temporal server that refuses the caller', () => {
  it.each([UNAUTHENTICATED, PERMISSION_DENIED])(
    '(gRPC %i) ends the command with 4 and names the settings',
    async (code) => {
      status = code;
      const run = await inProcess(['pause', 'colours'], { home: await temporaryFolder(), env });
      expect(run.code).toBe(4);
      expect(run.stderr).toContain('refuses this client');
      expect(run.stderr).toContain('TEMPORAL_API_KEY');
    },
  );
});
