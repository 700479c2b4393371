import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningService } from './http-helpers.ts';
import {
  call,
  callJson,
  classification,
  ended,
  picture,
  sharedService,
  stopShared,
  training,
  writeCoco,
} from './http-helpers.ts';

let running: RunningService;
beforeAll(async () => {
  running = await sharedService();
  await running.client.registerDataset('d', classification(await writeCoco(running.home, 'c.json', { perClass: 4 })));
  await running.client.createModel('m', training('d'));
  await ended(running.client, 'm');
});

afterAll(() => stopShared(running));

const ANALYZE = 'POST /imageanalysis:analyze?model-name=m';

async function refusal(answer: Response) {
  const { error } = JSON.parse(await answer.text());
  return { status: answer.status, code: error.code, inner: error.innererror?.code };
}

describe('a prediction', () => {
  it('gives the same tags for raw bytes of any declared type and for a file’s URL', async () => {
    const bytes = await picture('red', 9);
    const file = path.join(running.home, 'new.png');
    await writeFile(file, bytes);
    const fromUrl = await callJson(running.service, ANALYZE, { url: pathToFileURL(file).href });
    const expected = await fromUrl.json();
    expect(expected).toMatchObject({ metadata: { width: 64, height: 64 } });
    for (const type of ['application/octet-stream', 'image/png']) {
      const answer = await call(running.service, ANALYZE, {
        body: new Uint8Array(bytes),
        headers: { 'content-type': type },
      });
      expect(await answer.json()).toEqual(expected);
    }
  });

  it('adds up to one over all classes, surest first, also with many at once', async () => {
    const images = await Promise.all(Array.from({ length: 20 }, (_, i) => picture(i % 2 ? 'red' : 'green', i)));
    for (const prediction of await Promise.all(images.map((image) => running.client.predict('m', image)))) {
      const values = prediction.customModelResult.tagsResult?.values ?? [];
      const confidences = values.map((tag) => tag.confidence);
      expect(confidences.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
      expect(confidences).toEqual(confidences.toSorted((a, b) => b - a));
    }
  });

  it('is refused with the exact code: no image, too small, no bytes, no model, features, unreadable URL', async () => {
    const { service } = running;
    const raw = (body: Uint8Array) => call(service, ANALYZE, { body: new Uint8Array(body) });
    const small = await picture('red', 0, 49);
    expect(await refusal(await raw(Buffer.from('text')))).toMatchObject({ status: 400, inner: 'InvalidImageFormat' });
    expect(await refusal(await raw(small))).toMatchObject({ status: 400, inner: 'InvalidImageSize' });
    expect(await refusal(await raw(Buffer.alloc(0)))).toMatchObject({ status: 400, inner: 'InvalidImageSize' });
    expect(await refusal(await raw(Buffer.alloc(20 * 1024 * 1024 + 1)))).toMatchObject({ status: 413 });
    const body = { url: 'file:///etc/hostname' };
    expect(await refusal(await callJson(service, ANALYZE, body))).toMatchObject({ inner: 'InvalidImageUrl' });
    const other = 'POST /imageanalysis:analyze?model-name=none';
    expect(await refusal(await callJson(service, other, body))).toMatchObject({ status: 404 });
    const features = 'POST /imageanalysis:analyze?features=tags';
    expect(await refusal(await callJson(service, features, body))).toMatchObject({
      status: 400,
      inner: 'NotSupportedVisualFeature',
    });
  });

  it('does not reach private addresses, neither spelt out, nor by name, nor by a redirect', async () => {
    let visits = 0;
    const server = createServer((_, response) => {
      visits += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = address !== null && typeof address !== 'string' ? address.port : 0;
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433']) {
      const answer = await callJson(running.service, ANALYZE, {
        url: `http://${host}:${port}/x.png?sig=secret`,
      });
      const { error } = JSON.parse(await answer.text());
      expect(error.message).toContain('DELTALOOP_VISION_ALLOW_PRIVATE');
      expect(error.message).not.toContain('secret');
    }
    server.close();
    expect(visits).toBe(0);
  });
});
