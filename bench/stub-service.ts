import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { DatasetRequestSchema, EvaluationRequestSchema, MOUNT_POINT, ModelRequestSchema } from '../vision/contract.ts';
import { createInstantVision, type InstantVision } from './instant-vision.ts';

export interface StubService {
  url: string;
  key: string;
  vision: InstantVision;
  close(): Promise<void>;
}

/** The instant vision service over HTTP on loopback, for workers that are processes of their own. */
export async function startStubService(classes: readonly string[]): Promise<StubService> {
  const vision = createInstantVision(classes);
  const { promise, resolve } = Promise.withResolvers<number>();
  const server = serve({ fetch: routes(vision).fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => resolve(port));
  return {
    url: `http://127.0.0.1:${await promise}`,
    key: 'a key for the bench',
    vision,
    close: () => new Promise((done) => server.close(() => done())),
  };
}

function routes({ client }: InstantVision): Hono {
  const app = new Hono().basePath(MOUNT_POINT);
  app.put('/datasets/:name', async (c) =>
    c.json(await client.registerDataset(c.req.param('name'), DatasetRequestSchema.parse(await c.req.json()))),
  );
  app.get('/datasets/:name', async (c) => c.json(await client.getDataset(c.req.param('name'))));
  app.put('/models/:name', async (c) =>
    c.json(await client.createModel(c.req.param('name'), ModelRequestSchema.parse(await c.req.json())), 201),
  );
  app.get('/models/:name', async (c) => c.json(await client.getModel(c.req.param('name'))));
  app.put('/models/:model/evaluations/:name', async (c) => {
    const body = EvaluationRequestSchema.parse(await c.req.json());
    return c.json(await client.createEvaluation(c.req.param('model'), c.req.param('name'), body));
  });
  app.get('/models/:model/evaluations/:name', async (c) =>
    c.json(await client.getEvaluation(c.req.param('model'), c.req.param('name'))),
  );
  app.post('/imageanalysis:analyze', async (c) => c.json(await client.predict('any', new Uint8Array())));
  return app;
}
