import { createServer } from 'node:net';
import type { Say } from './say.ts';

/**
 * The wanted port when it is free on the loopback interface, else a free one, which is said.
 * @param what whose port it is, for people
 * @param wanted TCP port; 0 takes any free one without a word
 */
export async function choosePort(what: string, wanted: number, say: Say): Promise<number> {
  const port = await tryPort(wanted);
  if (port !== undefined) return port;
  const other = await tryPort(0);
  if (other === undefined) throw new Error(`no free TCP port on 127.0.0.1 for ${what}`);
  say(`${what}: port ${wanted} is taken, using ${other}`);
  return other;
}

/** Binds and lets go: the port's number when that works, nothing when it is taken. */
function tryPort(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}
