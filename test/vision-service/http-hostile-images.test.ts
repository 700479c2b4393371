import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BadImage, badHeaders, badPixels, oddImages } from './hostile-images.ts';
import type { RunningService } from './http-helpers.ts';
import {
  call,
  classification,
  ended,
  picture,
  sharedService,
  stopShared,
  training,
  writeCoco,
  writeJson,
} from './http-helpers.ts';

let running: RunningService;
beforeAll(async () => {
  running = await sharedService();
  await running.client.registerDataset('d', classification(await writeCoco(running.home, 'c.json', { perClass: 4 })));
  await running.client.createModel('m', training('d'));
  await ended(running.client, 'm');
});

afterAll(() => stopShared(running));

function analyze(bytes: Uint8Array): Promise<Response> {
  return call(running.service, 'POST /imageanalysis:analyze?model-name=m', { body: new Uint8Array(bytes) });
}

/** Trains on these files beside good ones; gives what went wrong. */
async function trainedOn(name: string, images: readonly { name: string; bytes: Buffer }[]) {
  const folder = path.join(running.home, name);
  await mkdir(folder);
  const all = [...images];
  for (let i = 0; i < 3; i++) all.push({ name: `good-${i}.png`, bytes: await picture('green', i) });
  for (const image of all) await writeFile(path.join(folder, image.name), image.bytes);
  const uri = await writeJson(folder, 'coco.json', {
    images: all.map((image, i) => ({
      id: i + 1,
      width: 64,
      height: 64,
      file_name: image.name,
      coco_url: pathToFileURL(path.join(folder, image.name)).href,
    })),
    annotations: all.map((image, i) => ({
      id: i + 1,
      image_id: i + 1,
      category_id: image.name.startsWith('good') ? 2 : 1,
    })),
    categories: [
      { id: 1, name: 'odd' },
      { id: 2, name: 'good' },
    ],
  });
  await running.client.registerDataset(name, classification(uri));
  await running.client.createModel(name, training(name));
  return ended(running.client, name);
}

describe.each([
  ['header', badHeaders],
  ['pixels', badPixels],
])('images with bad %s', (kind, make) => {
  let images: BadImage[];
  beforeAll(async () => {
    images = await make();
  });

  it('fail a training that names every one of them and what is wrong with it', async () => {
    const { status, error } = await trainedOn(`bad-${kind}`, images);
    expect([status, error?.code]).toEqual(['failed', 'datasetCorrupt']);
    const problems = error?.details?.map(({ message }) => message) ?? [];
    expect(problems).toHaveLength(images.length);
    for (const [i, image] of images.entries()) {
      expect(problems[i]).toContain(`image ${i + 1} (${image.name})`);
      // Up to 9 px a side are too small for a training, up to 49 px for a prediction.
      expect(problems[i]).toMatch(image.says);
    }
  });

  it('are refused by a prediction with the exact code', async () => {
    for (const image of images) {
      const answer = await analyze(image.bytes);
      const { error } = JSON.parse(await answer.text());
      expect([answer.status, error.innererror?.code], image.name).toEqual([400, image.code]);
      expect(error.message, image.name).toMatch(image.says);
    }
  });
});

describe('odd images', () => {
  it('are trained on', async () => {
    const { status, error } = await trainedOn('odd', await oddImages());
    expect([status, error]).toEqual(['succeeded', undefined]);
  });

  it('are predicted with the size of the picture as it is seen', async () => {
    for (const { name, bytes, width, height } of await oddImages()) {
      const answer = await analyze(bytes);
      expect([answer.status, await answer.json()], name).toEqual([
        200,
        expect.objectContaining({ metadata: { width, height } }),
      ]);
    }
  });

  it('show their true colours: the first picture of an animation, CMYK and 16 bits as red', async () => {
    const images = (await oddImages()).filter(({ name }) => /animated|cmyk|sixteen|profile|inside/.test(name));
    expect(images).toHaveLength(6);
    for (const { name, bytes } of images) {
      const { customModelResult } = JSON.parse(await (await analyze(bytes)).text());
      expect(customModelResult.tagsResult.values[0], name).toMatchObject({ name: 'red' });
    }
  });
});

describe('the service', () => {
  it('answers as before after a barrage of everything at once, within bounds of memory', async () => {
    const before = await (await analyze(await picture('red', 9))).json();
    const images = [...(await badHeaders()), ...(await badPixels()), ...(await oddImages())];
    const rounds = Array.from({ length: 3 }, () => images).flat();
    const statuses = await Promise.all(rounds.map(async ({ bytes }) => (await analyze(bytes)).status));
    expect(new Set(statuses)).toEqual(new Set([200, 400]));
    expect(await (await analyze(await picture('red', 9))).json()).toEqual(before);
    expect((await fetch(`${running.service.url}/health`)).status).toBe(200);
    expect(process.resourceUsage().maxRSS / 1024).toBeLessThan(1500);
  });
});
