import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { z } from 'zod';
import { ProductRecognitionRunSchema } from '../../vision/contract.ts';
import { TaskAborted } from '../../vision-service/queue/compute-lane.ts';
import { createRecognitionQueue, type RecognitionQueueParts } from '../../vision-service/queue/recognition-queue.ts';
import { openStores } from '../../vision-service/store/open-stores.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { call, errorOf, picture, startService, training } from './http-helpers.ts';

const RESULT = { imageMetadata: { width: 64, height: 64 }, products: [], gaps: [] };

/** A home whose store has a model of this kind that succeeded, as a training would have left it, but without its weights. */
async function homeWithModel(modelKind: 'Product-Recognizer' | 'Generic-Classifier') {
  const home = await temporaryFolder();
  const { stores, close } = openStores(home);
  stores.models.create('m', { trainingParameters: { ...training('d').trainingParameters, modelKind } });
  const [item] = [stores.models.oldest(['notStarted'])];
  if (item === undefined) throw new Error('no model was made');
  const ledger = {
    status: 'succeeded' as const,
    computeSeconds: 1,
    billedMinutes: 1,
    images: 1,
    embeddingsComputed: 1,
  };
  stores.models.settle(item, { status: 'succeeded', result: {}, ledger });
  close();
  return home;
}

const photos = (home: string) => readdir(path.join(home, 'vision-service', 'photos'));

describe('a product-recognition run', () => {
  it('is created once from the bytes of an image, ends, and then can be deleted', async () => {
    const home = await homeWithModel('Product-Recognizer');
    const { service } = await startService(home);
    const body = new Uint8Array(await picture('red', 1));
    const created = await call(service, 'PUT /productrecognition/m/runs/r', { body });
    expect(created.status).toBe(201);
    expect(await created.json()).toEqual({
      runName: 'r',
      modelName: 'm',
      status: 'notStarted',
      createdDateTime: expect.stringMatching(/Z$/),
      updatedDateTime: expect.stringMatching(/Z$/),
    });
    const again = await call(service, 'PUT /productrecognition/m/runs/r', { body });
    expect(await errorOf(again)).toMatchObject({ status: 409, code: 'RunAlreadyExists' });
    const run = await vi.waitFor(async () => {
      const found = ProductRecognitionRunSchema.parse(
        await (await call(service, 'GET /productrecognition/m/runs/r')).json(),
      );
      expect(found.status).toBe('failed');
      return found;
    });
    // The model of this test has no weights.
    expect(run.error?.code).toMatch(/^(modelNotFound|incorrectModelKind)$/);
    await vi.waitFor(async () => expect(await photos(home)).toEqual([]));
    expect((await call(service, 'DELETE /productrecognition/m/runs/r')).status).toBe(204);
    expect(await errorOf(await call(service, 'GET /productrecognition/m/runs/r'))).toMatchObject({
      status: 404,
      code: 'RunNotFound',
    });
  });

  it('can be reached at the path of the first draft of the contract too, and is listed', async () => {
    const { service } = await startService(await homeWithModel('Product-Recognizer'));
    const body = new Uint8Array(await picture('red', 1));
    for (const name of ['a', 'b']) {
      const answer = await call(service, `PUT /productrecognition:analyze/m/runs/${name}`, {
        body,
        headers: { 'content-type': 'image/png' },
      });
      expect(answer.status).toBe(201);
    }
    const list = z.object({ value: z.array(z.object({ runName: z.string() })), nextLink: z.string().optional() });
    const page = list.parse(await (await call(service, 'GET /productrecognition/m/runs?top=1')).json());
    expect(page.value.map(({ runName }) => runName)).toEqual(['a']);
    expect(page.nextLink).toContain('skip=1');
    expect((await call(service, 'GET /productrecognition:analyze/m/runs/b')).status).toBe(200);
  });

  it('is refused for an unknown model, one of another kind, no bytes, and JSON', async () => {
    const { service } = await startService(await homeWithModel('Generic-Classifier'));
    const put = async (model: string, init: RequestInit) =>
      errorOf(await call(service, `PUT /productrecognition/${model}/runs/r`, init));
    expect(await put('none', { body: 'x', headers: { 'content-type': 'image/png' } })).toMatchObject({ status: 404 });
    expect(await put('m', { body: new Uint8Array(9) })).toMatchObject({ status: 400, inner: 'incorrectModelKind' });
    expect(await put('m', { body: '{}', headers: { 'content-type': 'application/json' } })).toMatchObject({
      status: 415,
    });
    const other = await startService(await homeWithModel('Product-Recognizer'));
    const empty = await call(other.service, 'PUT /productrecognition/m/runs/r', { body: new Uint8Array() });
    expect(await errorOf(empty)).toMatchObject({ status: 400, inner: 'InvalidImageSize' });
  });

  it('goes with its model, and so does its photo', async () => {
    const home = await homeWithModel('Product-Recognizer');
    const { service } = await startService(home);
    await call(service, 'PUT /productrecognition/m/runs/r', { body: new Uint8Array(await picture('red', 1)) });
    expect((await call(service, 'DELETE /models/m')).status).toBe(204);
    expect(await errorOf(await call(service, 'GET /productrecognition/m/runs/r'))).toMatchObject({ status: 404 });
    await vi.waitFor(async () => expect(await photos(home)).toEqual([]));
  });
});

describe('the queue of runs', () => {
  async function storesWithRun() {
    const home = await homeWithModel('Product-Recognizer');
    const { stores, close } = openStores(home);
    onTestFinished(close);
    const trainingId = stores.models.trainingId('m') ?? '';
    const photo = await stores.photos.put(Buffer.from('the bytes'));
    stores.recognitions.create({ trainingId, name: 'r' }, { runName: 'r', modelName: 'm', photo });
    return { home, ...stores, key: { trainingId, name: 'r' }, log: pino({ level: 'silent' }) };
  }

  /** A lane that answers as the test says. */
  function lane(
    run: (image: Uint8Array, signal: AbortSignal) => Promise<typeof RESULT>,
  ): RecognitionQueueParts['lane'] {
    // Only tasks of one kind come here, with results of that kind.
    return {
      run: ((task: { image: Uint8Array }, more: { signal: AbortSignal }) => run(task.image, more.signal)) as never,
    };
  }

  it('does a run that a stop had interrupted again, from the same bytes, and then drops them', async () => {
    const { home, ...stores } = await storesWithRun();
    const begun = Promise.withResolvers<void>();
    const first = createRecognitionQueue({
      ...stores,
      lane: lane((_, signal) => {
        begun.resolve();
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new TaskAborted('stopped')));
        });
      }),
    });
    first.wake();
    await begun.promise;
    expect(stores.recognitions.get(stores.key)).toMatchObject({ status: 'running' });
    await first.close();
    expect(await photos(home)).toHaveLength(1);

    const seen: string[] = [];
    const second = createRecognitionQueue({
      ...stores,
      lane: lane(async (image) => {
        seen.push(Buffer.from(image).toString());
        return RESULT;
      }),
    });
    second.wake();
    await vi.waitFor(async () => expect(await photos(home)).toEqual([]));
    await second.close();
    expect(seen).toEqual(['the bytes']);
    expect(stores.recognitions.get(stores.key)).toMatchObject({ status: 'succeeded', result: RESULT });
  });

  it('fails a run by a code when the service itself is at fault, and goes on', async () => {
    const { home, ...stores } = await storesWithRun();
    const queue = createRecognitionQueue({ ...stores, lane: lane(() => Promise.reject(new Error('a bug'))) });
    queue.wake();
    await vi.waitFor(async () => expect(await photos(home)).toEqual([]));
    await queue.close();
    const run = stores.recognitions.get(stores.key);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'internalServerError' } });
    expect(JSON.stringify(run)).not.toContain('a bug');
  });

  it('keeps only the photos that runs still need when a service starts', async () => {
    const { home, photos: store, recognitions } = await storesWithRun();
    await store.put(Buffer.from(`left over ${randomUUID()}`));
    store.keepOnly(recognitions.photosOf());
    expect(await photos(home)).toEqual(recognitions.photosOf());
  });
});
