import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ModelSchema } from '../../vision/contract.ts';
import {
  call,
  callJson,
  classification,
  ended,
  errorOf,
  json,
  KEY,
  type RunningService,
  sharedService,
  stopShared,
  training,
  writeCoco,
} from './http-helpers.ts';

let running: RunningService;
let uri: string;
beforeAll(async () => {
  running = await sharedService();
  uri = await writeCoco(running.home, 'coco.json', { perClass: 2 });
  await running.client.registerDataset('d', classification(uri));
  await running.client.registerDataset('boxes', { ...classification(uri), annotationKind: 'imageObjectDetection' });
});
afterAll(() => stopShared(running));

async function modelFrom(answer: Response) {
  expect(answer.status).toBe(201);
  return ModelSchema.parse(await answer.json());
}

describe('a route', () => {
  it('that is there but not with this method says which it has', async () => {
    const answer = await call(running.service, 'PATCH /models/m');
    expect(await errorOf(answer)).toMatchObject({ status: 405, code: 'MethodNotAllowed' });
    expect(answer.headers.get('allow')).toBe('PUT, GET, HEAD, DELETE, OPTIONS');
    expect((await call(running.service, 'POST /productrecognition/m/runs')).status).toBe(405);
  });

  it('answers OPTIONS with its methods, and HEAD as GET without the body', async () => {
    const options = await call(running.service, 'OPTIONS /datasets/d');
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'PUT, GET, HEAD, PATCH, DELETE, OPTIONS']);
    const head = await call(running.service, 'HEAD /datasets/d');
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect((await call(running.service, 'HEAD /datasets/none')).status).toBe(404);
  });

  it('with a verb is no other route: its name without the verb is neither read nor made', async () => {
    expect(await errorOf(await callJson(running.service, 'PUT /models/verb:cancel', training('d')))).toMatchObject({
      status: 405,
    });
    expect((await call(running.service, 'GET /datasets/d:cancel')).status).toBe(404);
    expect((await call(running.service, 'GET /models/verb')).status).toBe(404);
  });

  it('may have its colon percent-encoded', async () => {
    const answer = await call(running.service, 'POST /models/none%3Acancel');
    expect(await errorOf(answer)).toMatchObject({ status: 404, code: 'ModelNotFound' });
  });

  it('is not found without an api-version either', async () => {
    expect(await errorOf(await call(running.service, 'GET /nothing?api-version='))).toMatchObject({ status: 404 });
  });
});

describe('a key', () => {
  it('may come in the query, and no link carries it on', async () => {
    const names = Array.from({ length: 3 }, (_, i) => `key-${i}`);
    for (const name of names) await running.client.registerDataset(name, classification(uri));
    const url = `${running.service.url}/computervision/datasets?api-version=2023-07-01-preview&top=1&subscription-key=`;
    const answer = await fetch(url + KEY);
    const { nextLink } = z.object({ nextLink: z.string() }).parse(await answer.json());
    expect(nextLink).not.toContain(KEY);
    expect(new URL(nextLink).searchParams.get('api-version')).toBe('2023-07-01-preview');
    expect((await fetch(`${url}wrong`)).status).toBe(401);
  });

  it('may be named in any casing there', async () => {
    const url = `${running.service.url}/computervision/datasets?api-version=2023-07-01-preview&top=1&Subscription-Key=`;
    const answer = await fetch(url + KEY);
    const { nextLink } = z.object({ nextLink: z.string() }).parse(await answer.json());
    expect(nextLink).not.toContain(KEY);
    expect((await fetch(`${url}wrong`)).status).toBe(401);
  });
});

describe('a query', () => {
  it('names its values in any casing', async () => {
    const url = `${running.service.url}/computervision/datasets?API-Version=2023-04-01-preview&Top=1`;
    const answer = await fetch(url, { headers: { 'ocp-apim-subscription-key': KEY } });
    expect(z.object({ value: z.array(z.unknown()) }).parse(await answer.json()).value).toHaveLength(1);
  });

  it.each(['top=', 'top=1.5', 'skip=0x1', 'top=%201', 'skip=1e1'])('with %s is refused', async (query) => {
    expect(await errorOf(await call(running.service, `GET /datasets?${query}`))).toMatchObject({ status: 400 });
  });

  it('with a negative skip is told the limit, not the type', async () => {
    const { message } = await errorOf(await call(running.service, 'GET /datasets?skip=-1'));
    expect(message).toContain('>=0');
  });

  it('with an unknown api-version is told the ones that its route has', async () => {
    const answer = await call(running.service, 'GET /productrecognition/m/runs?api-version=2023-02-01-preview');
    const { status, code, message } = await errorOf(answer);
    expect([status, code]).toEqual([400, 'UnsupportedApiVersionValue']);
    expect(message).toMatch(/2023-04-01-preview, 2023-07-01-preview/);
    expect(message).not.toContain('2023-02-01-preview');
  });
});

describe('a next link', () => {
  it('leads on however the query was spelt', async () => {
    const first = await call(running.service, 'GET /datasets?Skip=0&TOP=1');
    const { nextLink } = z.object({ nextLink: z.string() }).parse(await first.json());
    const second = await fetch(nextLink, { headers: { 'ocp-apim-subscription-key': KEY } });
    const page = z.object({ value: z.array(z.object({ name: z.string() })) });
    const { value } = page.parse(await (await call(running.service, 'GET /datasets?skip=1&top=1')).json());
    expect(page.parse(await second.json()).value).toEqual(value);
  });

  it('has the address that a proxy was asked for', async () => {
    const headers = { 'x-forwarded-host': 'vision.example.com', 'x-forwarded-proto': 'https' };
    const answer = await call(running.service, 'GET /datasets?top=1', { headers });
    const { nextLink } = z.object({ nextLink: z.string() }).parse(await answer.json());
    expect(nextLink).toMatch(/^https:\/\/vision\.example\.com\/computervision\/datasets\?/);
  });
});

describe('a JSON body', () => {
  const body = JSON.stringify({ customProperties: { name: 'Müller' } });
  const patch = (type: string, bytes: string | Uint8Array<ArrayBuffer> = body) =>
    call(running.service, 'PATCH /datasets/d', { body: bytes, headers: { 'content-type': type } });

  it.each([
    'application/json; charset=utf-8',
    'application/json-patch+json;charset=UTF-8',
    'application/merge-patch+json',
    'text/json',
  ])('may be declared as %s', async (type) => {
    expect((await patch(type)).status).toBe(200);
  });

  it('is decoded by its charset, and a mark of the byte order is no part of it', async () => {
    expect(
      (await patch('application/json; charset=utf-16le', new Uint8Array(Buffer.from(body, 'utf16le')))).status,
    ).toBe(200);
    expect((await patch('application/json', new Uint8Array(Buffer.from(`\uFEFF${body}`)))).status).toBe(200);
    expect(await errorOf(await patch('application/json; charset=klingon'))).toMatchObject({ status: 400 });
    expect(await errorOf(await patch('application/json', new Uint8Array(Buffer.from(body, 'latin1'))))).toMatchObject({
      inner: 'InvalidJSONRequest',
    });
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'image/png'])(
    'declared as %s is refused with what to send',
    async (type) => {
      const { status, code, message } = await errorOf(await patch(type));
      expect([status, code]).toEqual([415, 'UnsupportedMediaType']);
      expect(message).toContain('application/json');
    },
  );

  it('that is nested beyond reason, or is no object, is refused and harms nothing', async () => {
    const deep = `${'{"trainingParameters":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
    for (const text of [deep, '['.repeat(400_000), 'null', '5', '[]', '"x"', '{"__proto__":{"a":1}}']) {
      const answer = await call(running.service, 'PUT /models/deep', {
        body: text,
        headers: { 'content-type': 'application/json' },
      });
      expect((await errorOf(answer)).status, text.slice(0, 30)).toBe(400);
    }
  });

  it('with thousands of mistakes names the first ones', async () => {
    const annotationFileUris = Array.from({ length: 9000 }, () => 5);
    const answer = await callJson(running.service, 'PUT /datasets/many', { annotationFileUris });
    expect((await errorOf(answer)).message.length).toBeLessThan(3000);
  });

  it('that ends too early is the caller’s mistake', async () => {
    const { port } = running.service;
    const headers = { 'Ocp-Apim-Subscription-Key': KEY, 'content-type': 'application/json', 'content-length': '100' };
    const path = '/computervision/datasets/cut?api-version=2023-04-01-preview';
    await new Promise<void>((resolve) => {
      const sent = request({ port, host: '127.0.0.1', method: 'PUT', path, headers });
      sent.on('error', () => resolve());
      sent.write('{"a":', () => sent.destroy(new Error('gone')));
    });
    expect((await call(running.service, 'GET /datasets/cut')).status).toBe(404);
  });
});

describe('a model request', () => {
  it('may spell its kind as early clients do', async () => {
    const { trainingParameters } = training('nowhere');
    for (const [i, spelling] of ['GenericDetector', 'generic-detector', 'GENERIC-DETECTOR'].entries()) {
      const body = { TrainingParameters: { ...trainingParameters, ModelKind: spelling, modelKind: undefined } };
      const model = await modelFrom(await callJson(running.service, `PUT /models/early-${i}`, body));
      expect(model.trainingParameters.modelKind).toBe('Generic-Detector');
    }
    const wrong = { trainingParameters: { ...trainingParameters, modelKind: 'Generic' } };
    expect(await errorOf(await callJson(running.service, 'PUT /models/wrong', wrong))).toMatchObject({ status: 400 });
  });

  it('without a kind is of the kind that fits its dataset', async () => {
    const kindOf = async (name: string, trainingDatasetName: string) => {
      const body = { trainingParameters: { trainingDatasetName, timeBudgetInHours: 1 } };
      return (await modelFrom(await callJson(running.service, `PUT /models/${name}`, body))).trainingParameters
        .modelKind;
    };
    expect(await kindOf('of-boxes', 'boxes')).toBe('Generic-Detector');
    expect(await kindOf('of-tags', 'd')).toBe('Generic-Classifier');
    expect(await kindOf('of-nothing', 'nowhere')).toBe('Generic-Classifier');
  });

  it.each([
    ['Generic-Classifier', 336],
    ['Generic-Detector', 1344],
    ['Product-Recognizer', 336],
  ])('for a %s may have up to %d hours', async (modelKind, most) => {
    const body = (timeBudgetInHours: number) => ({
      trainingParameters: { trainingDatasetName: 'nowhere', timeBudgetInHours, modelKind },
    });
    const url = `/models/most-${modelKind}`;
    expect(await errorOf(await callJson(running.service, `PUT ${url}`, body(most + 1)))).toMatchObject({ status: 400 });
    expect((await callJson(running.service, `PUT ${url}`, body(most))).status).toBe(201);
  });

  it('for a Product-Recognizer is refused by the version that did not have it', async () => {
    const { trainingParameters } = training('d');
    const answer = await callJson(running.service, 'PUT /models/old?api-version=2023-02-01-preview', {
      trainingParameters: { ...trainingParameters, modelKind: 'Product-Recognizer' },
    });
    expect(await errorOf(answer)).toMatchObject({ status: 400, inner: 'NotSupportedModelKind' });
  });

  it.each([0, 1.5, '1', 1e10, Number.NaN])('for %s hours is refused', async (hours) => {
    const body = { trainingParameters: { trainingDatasetName: 'd', timeBudgetInHours: hours } };
    expect(await errorOf(await callJson(running.service, 'PUT /models/hours', body))).toMatchObject({ status: 400 });
  });

  it('can be cancelled in every state, and one that has ended stays as it is', async () => {
    await running.client.createModel('done', training('nowhere'));
    expect(await ended(running.client, 'done')).toMatchObject({ status: 'failed' });
    const answer = await call(running.service, 'POST /models/done:cancel');
    expect([answer.status, await answer.text()]).toEqual([202, '']);
    expect(await running.client.getModel('done')).toMatchObject({ status: 'failed' });
  });
});

describe('a registration', () => {
  it('takes at most ten files and ten properties, and its enums in any casing', async () => {
    const uris = Array.from({ length: 11 }, () => uri);
    const wrong = await callJson(running.service, 'PUT /datasets/l', {
      ...classification(uri),
      annotationFileUris: uris,
    });
    expect(await errorOf(wrong)).toMatchObject({ status: 400 });
    const customProperties = Object.fromEntries(uris.map((_, i) => [`k${i}`, 'v']));
    const many = await callJson(running.service, 'PUT /datasets/l', { ...classification(uri), customProperties });
    expect(await errorOf(many)).toMatchObject({ status: 400 });
    const right = await callJson(running.service, 'PUT /datasets/l', {
      ...classification(uri),
      annotationKind: 'ImageClassification',
      authentication: { kind: 'None' },
    });
    expect(await right.json()).toMatchObject({ annotationKind: 'imageClassification' });
  });

  it('without a kind or files is refused; an update may leave them out', async () => {
    expect(await errorOf(await callJson(running.service, 'PUT /datasets/x', {}))).toMatchObject({
      status: 400,
      message: expect.stringMatching(/annotationKind.*annotationFileUris/),
    });
    expect((await call(running.service, 'PATCH /datasets/d', json({}))).status).toBe(200);
  });
});

describe('/health and /metrics', () => {
  it('need no key, tell how long the queues are, and name nothing that a caller named', async () => {
    await running.client.registerDataset('secret-name', classification(uri));
    const health = await (await fetch(`${running.service.url}/health`)).json();
    expect(health).toMatchObject({ status: 'ok', version: expect.any(String), backbone: 'classical' });
    expect(health).toHaveProperty('queues.trainings');
    const answer = await fetch(`${running.service.url}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await answer.text();
    expect(text).toMatch(
      /deltaloop_vision_http_request_seconds_count\{method="PUT",path="\/computervision\/datasets\/\{name\}",status="201"\} \d/,
    );
    expect(text).toMatch(/deltaloop_vision_queue_length\{queue="evaluations"\} 0/);
    expect(text).toMatch(/deltaloop_vision_trainings_total\{kind="Generic-Classifier",outcome="failed"\} \d/);
    expect(text).toMatch(/process_cpu_seconds_total/);
    expect(text).not.toContain('secret-name');
    expect(text).not.toContain(KEY);
  });
});
