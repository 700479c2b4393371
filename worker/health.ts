import { once } from 'node:events';
import { createServer } from 'node:http';

/** Answers `/health` (the process lives) and `/ready` (its workers poll) on loopback; null when no port is set. */
export async function serveHealth(
  port: number | null,
  ready: () => boolean,
): Promise<{ close(): Promise<void> } | null> {
  if (port === null) return null;
  const server = createServer((request, response) => {
    const known = request.url === '/health' || request.url === '/ready';
    const ok = request.url === '/health' || (request.url === '/ready' && ready());
    response
      .writeHead(ok ? 200 : known ? 503 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify({ ok }));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
