import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { budgetHint } from '../../vision/budget-hint.ts';
import {
  call,
  callJson,
  classification,
  ended,
  evaluated,
  ledgerOf,
  picture,
  type RunningService,
  sharedService,
  stopShared,
  training,
  writeCoco,
  writeJson,
} from './http-helpers.ts';

let running: RunningService;
beforeAll(async () => {
  running = await sharedService();
});
afterAll(() => stopShared(running));

/** The shared service with one more dataset, made in a folder of its own; every test has its own letter for its names. */
async function serviceWith(dataset: string, uriOf: (folder: string) => Promise<string>) {
  const home = path.join(running.home, dataset);
  await mkdir(home);
  const { client, service } = running;
  await client.registerDataset(dataset, classification(await uriOf(home)));
  return { home, client, service };
}

async function ledgerOfModels(...models: string[]) {
  return (await ledgerOf(running.service)).filter((line) => models.includes(line.model));
}

/** Sides in pixels of files that are no 64 pixels wide and high. */
const SIDES: Readonly<Record<string, number>> = { 'cut.png': 300 };

/** COCO whose images are the given files, labelled by turns. */
async function cocoOf(home: string, files: readonly string[], classes = ['one', 'two']) {
  return writeJson(home, 'given.json', {
    images: files.map((file, i) => ({
      id: i + 1,
      width: SIDES[file] ?? 64,
      height: SIDES[file] ?? 64,
      file_name: file,
      coco_url: pathToFileURL(path.join(home, file)).href,
    })),
    annotations: files.map((_, i) => ({ id: i + 1, image_id: i + 1, category_id: (i % classes.length) + 1 })),
    categories: classes.map((name, i) => ({ id: i + 1, name })),
  });
}

describe('a training', () => {
  it('learns, reports its hold-out, bills whole minutes and predicts', async () => {
    const { client } = await serviceWith('a', (home) => writeCoco(home, 'c.json', { perClass: 10 }));
    expect(await client.createModel('a-m', training('a'))).toMatchObject({ name: 'a-m', status: 'notStarted' });
    const model = await ended(client, 'a-m');
    expect(model).toMatchObject({ status: 'succeeded', trainingCostInMinutes: 1 });
    expect(model.modelPerformance?.accuracyTop1).toBeGreaterThan(0.8);
    const [line] = await ledgerOfModels('a-m');
    expect(line).toMatchObject({
      model: 'a-m',
      status: 'succeeded',
      billedMinutes: 1,
      images: 20,
      embeddingsComputed: 20,
    });
    const prediction = await client.predict('a-m', await picture('green', 50));
    expect(prediction.metadata).toEqual({ width: 64, height: 64 });
    expect(prediction.customModelResult.tagsResult?.values.map((tag) => tag.name)).toEqual(['green', 'red']);
  });

  it('embeds only the images that are new since the round before', async () => {
    const { client, home } = await serviceWith('b', (folder) =>
      writeCoco(folder, 'c.json', { perClass: 3, first: 1000 }),
    );
    await client.registerDataset('b-2', classification(await writeCoco(home, 'c2.json', { perClass: 5, first: 1000 })));
    for (const [name, dataset] of [
      ['b-m1', 'b'],
      ['b-m2', 'b-2'],
    ] as const) {
      await client.createModel(name, training(dataset));
      await ended(client, name);
    }
    expect((await ledgerOfModels('b-m1', 'b-m2')).map((line) => [line.images, line.embeddingsComputed])).toEqual([
      [6, 6],
      [10, 4],
    ]);
  });

  it('measures on the test dataset where one is named, as a later evaluation does', async () => {
    const { client, home } = await serviceWith('c', (folder) => writeCoco(folder, 'c.json', { perClass: 6 }));
    await client.registerDataset('c-test', classification(await writeCoco(home, 't.json', { perClass: 4, first: 30 })));
    await client.createModel('c-m', { ...training('c'), evaluationParameters: { testDatasetName: 'c-test' } });
    const { modelPerformance } = await ended(client, 'c-m');
    const evaluation = await evaluated(client, 'c-m', 'c-test');
    expect(modelPerformance).toBeDefined();
    expect(evaluation).toMatchObject({ status: 'succeeded', modelPerformance });
  });

  it('takes several datasets one after another in the order they came', async () => {
    const { client } = await serviceWith('d', (home) => writeCoco(home, 'c.json', { perClass: 3 }));
    for (const name of ['d-m1', 'd-m2', 'd-m3']) await client.createModel(name, training('d'));
    await ended(client, 'd-m3');
    expect((await ledgerOfModels('d-m1', 'd-m2', 'd-m3')).map((line) => line.model)).toEqual(['d-m1', 'd-m2', 'd-m3']);
  });

  it('exists once: the second PUT of its name is a conflict', async () => {
    const { service, client } = await serviceWith('e', (home) => writeCoco(home, 'c.json', { perClass: 3 }));
    await client.createModel('e-m', training('e'));
    expect((await callJson(service, 'PUT /models/e-m', training('e'))).status).toBe(409);
    await ended(client, 'e-m');
  });

  it('can be deleted once it has ended, and its line in the ledger stays', async () => {
    const { service, client } = await serviceWith('f', (home) => writeCoco(home, 'c.json', { perClass: 3 }));
    await client.createModel('f-m', training('f'));
    await ended(client, 'f-m');
    expect((await call(service, 'DELETE /models/f-m')).status).toBe(204);
    await expect(client.getModel('f-m')).rejects.toMatchObject({ status: 404 });
    await expect(client.predict('f-m', await picture('red', 1))).rejects.toMatchObject({ status: 404 });
    expect(await ledgerOfModels('f-m')).toHaveLength(1);
  });
});

describe('a training that cannot succeed', () => {
  it('says that its dataset is not there', async () => {
    const { client } = await serviceWith('g', (home) => writeCoco(home, 'c.json', { perClass: 2 }));
    await client.createModel('g-m', training('nowhere'));
    expect(await ended(client, 'g-m')).toMatchObject({ status: 'failed', error: { code: 'datasetNotFound' } });
    expect(await ledgerOfModels('g-m')).toMatchObject([{ status: 'failed', billedMinutes: 0 }]);
  });

  it('names every file, image and annotation that is corrupt in one pass, and costs nothing', async () => {
    const { client } = await serviceWith('h', async (home) => {
      await writeFile(path.join(home, 'text.png'), 'no image');
      await writeFile(
        path.join(home, 'tiny.png'),
        await picture('red', 1, 9 + 8).then((png) => sharp(png).resize(9).png().toBuffer()),
      );
      await writeFile(path.join(home, 'good.png'), await picture('red', 1));
      const whole = await picture('green', 2, 300);
      await writeFile(path.join(home, 'cut.png'), whole.subarray(0, whole.length / 2));
      return cocoOf(home, ['text.png', 'tiny.png', 'good.png', 'missing.png', 'cut.png', 'good.png']);
    });
    await client.createModel('h-m', training('h'));
    const model = await ended(client, 'h-m');
    expect(model).toMatchObject({ status: 'failed', error: { code: 'datasetCorrupt' } });
    expect(model.trainingCostInMinutes).toBeUndefined();
    const details = (model.error?.details ?? []).map((detail) => detail.message).join('\n');
    expect(details).toMatch(/image 1 \(text.png\) of given.json is not an image/);
    expect(details).toMatch(/image 2 \(tiny.png\) of given.json is 9×9 px/);
    expect(details).toMatch(/image 4 \(missing.png\).*ENOENT/);
    expect(details).not.toMatch(/good.png/);
  });

  it('says so when an image is cut off after its header', async () => {
    const { client } = await serviceWith('i', async (home) => {
      const whole = await picture('green', 2, 300);
      await writeFile(path.join(home, 'cut.png'), whole.subarray(0, Math.floor(whole.length / 2)));
      for (const i of [1, 2, 3]) await writeFile(path.join(home, `${i}.png`), await picture('red', i));
      return cocoOf(home, ['1.png', 'cut.png', '2.png', '3.png']);
    });
    await client.createModel('i-m', training('i'));
    expect((await ended(client, 'i-m')).error?.message).toMatch(/image 2 \(cut.png\) of given.json cannot be decoded/);
  });

  it('says that its annotation file is gone', async () => {
    const { client, home } = await serviceWith('j', (folder) => writeCoco(folder, 'c.json', { perClass: 2 }));
    await rm(path.join(home, 'c.json'));
    await client.createModel('j-m', training('j'));
    expect((await ended(client, 'j-m')).error).toMatchObject({ code: 'datasetCorrupt', message: /c\.json.*ENOENT/ });
  });

  it('names the minimum and the suggested budget when the hours are too few', async () => {
    const { client } = await serviceWith('k', (home) =>
      cocoOf(
        home,
        Array.from({ length: 3000 }, (_, i) => `${i}.png`),
      ),
    );
    await client.createModel('k-m', training('k'));
    const { error, status } = await ended(client, 'k-m');
    expect(status).toBe('failed');
    expect(error?.code).toBe('notEnoughBudget');
    expect(budgetHint(error ?? { code: '', message: '' })).toEqual({ minimumHours: 2, suggestedHours: 6 });
  });

  it('has diverged when 30 predictions or more are no better than guessing', async () => {
    const { client } = await serviceWith('l', async (home) => {
      const files = Array.from({ length: 40 }, (_, i) => `noise-${i}.png`);
      for (const [i, file] of files.entries()) await writeFile(path.join(home, file), await noise(i));
      return cocoOf(home, files);
    });
    await client.createModel('l-m', training('l'));
    expect(await ended(client, 'l-m')).toMatchObject({ status: 'failed', error: { code: 'diverged' } });
  });
});

describe('an evaluation that cannot succeed', () => {
  it('names the code: dataset not there, wrong kind, classes that the model does not know', async () => {
    const { client, home } = await serviceWith('m', (folder) => writeCoco(folder, 'c.json', { perClass: 3 }));
    await client.createModel('m-m', training('m'));
    await ended(client, 'm-m');
    const uri = await writeCoco(home, 'other.json', { classes: ['red', 'blue'], perClass: 1, first: 9 });
    await client.registerDataset('other', classification(uri));
    await client.registerDataset('boxes', { ...classification(uri), annotationKind: 'imageObjectDetection' });
    for (const [dataset, code] of [
      ['nowhere', 'datasetNotFound'],
      ['boxes', 'incorrectModelKind'],
      ['other', 'datasetAnnotationsInvalid'],
    ] as const) {
      expect(await evaluated(client, 'm-m', dataset)).toMatchObject({ status: 'failed', error: { code } });
    }
  });
});

/** A picture of pseudo-random pixels. */
function noise(seed: number): Promise<Buffer> {
  let state = seed * 7919 + 1;
  const next = () => {
    state = (state * 48271) % 2147483647;
    return state & 255;
  };
  const pixels = Buffer.from(Array.from({ length: 64 * 64 * 3 }, next));
  return sharp(pixels, { raw: { width: 64, height: 64, channels: 3 } })
    .png()
    .toBuffer();
}
