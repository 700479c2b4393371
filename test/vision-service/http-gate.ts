import { createServer, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import { picture, writeJson } from './http-helpers.ts';

/** An image server that keeps the requests for one image waiting until it is told to let them through. */
export interface Gate {
  /** Writes COCO over images of this server; the last of them waits at the gate. */
  writeCoco(folder: string, options: { perClass: number }): Promise<string>;
  /** Once a request waits. */
  reached(): Promise<void>;
  open(): void;
}

/** Starts such a server; it ends with the test. */
export async function startGate(): Promise<Gate> {
  const arrived = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  const answer = async (target: string, response: ServerResponse) => {
    const [, colour = '', index = '0', held] = target.split('/');
    if (held !== undefined) {
      arrived.resolve();
      await opened.promise;
    }
    response.end(await picture(colour, Number(index)));
  };
  const server = createServer((request, response) => void answer(request.url ?? '', response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    opened.resolve();
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = address !== null && typeof address !== 'string' ? address.port : 0;
  return {
    writeCoco: (folder, { perClass }) =>
      writeJson(folder, 'gated.json', gatedCoco(`http://127.0.0.1:${port}`, perClass)),
    reached: () => arrived.promise,
    open: () => opened.resolve(),
  };
}

function gatedCoco(origin: string, perClass: number) {
  const indexes = Array.from({ length: perClass * 2 }, (_, i) => i);
  const urlOf = (i: number) =>
    `${origin}/${i % 2 === 0 ? 'red' : 'green'}/${i}${i === indexes.length - 1 ? '/held' : ''}`;
  return {
    images: indexes.map((i) => ({ id: i + 1, width: 64, height: 64, file_name: `${i}.png`, coco_url: urlOf(i) })),
    annotations: indexes.map((i) => ({ id: i + 1, image_id: i + 1, category_id: (i % 2) + 1 })),
    categories: [
      { id: 1, name: 'red' },
      { id: 2, name: 'green' },
    ],
  };
}
