import { createServer, type RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';

/** A web server of this machine that ends with the test; gives its origin. */
export async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${address !== null && typeof address !== 'string' ? address.port : 0}`;
}
