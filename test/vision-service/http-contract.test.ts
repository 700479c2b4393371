import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { DatasetSchema } from '../../vision/contract.ts';
import {
  call,
  callJson,
  classification,
  json,
  KEY,
  type RunningService,
  sharedService,
  stopShared,
  training,
  writeCoco,
} from './http-helpers.ts';

const ErrorAnswer = z.object({
  error: z.object({
    code: z.string(),
    message: z.string().min(1),
    innererror: z.object({ code: z.string() }).optional(),
  }),
});
const DatasetPage = z.object({ value: z.array(z.object({ name: z.string() })), nextLink: z.string().optional() });

async function errorOf(response: Response) {
  const { error } = ErrorAnswer.parse(await response.json());
  expect(response.headers.get('x-ms-error-code')).toBe(error.code);
  return { status: response.status, code: error.code, inner: error.innererror?.code, message: error.message };
}

let running: RunningService;
let uri: string;
beforeAll(async () => {
  running = await sharedService();
  uri = await writeCoco(running.home, 'coco.json', { perClass: 2 });
});
afterAll(() => stopShared(running));

/** The shared service with these datasets and no others. */
async function serviceWithDatasets(...names: string[]) {
  const { service, client } = running;
  const { value } = DatasetPage.parse(await (await call(service, 'GET /datasets?top=30')).json());
  for (const { name } of value) await call(service, `DELETE /datasets/${name}`);
  for (const name of names) await client.registerDataset(name, classification(uri));
  return { service, client };
}

describe('a request', () => {
  it('without the right key is refused on every route but health and the document', async () => {
    const { service } = await serviceWithDatasets();
    for (const key of ['', 'wrong', `${KEY}x`]) {
      const headers = { 'Ocp-Apim-Subscription-Key': key };
      const answer = await call(service, 'GET /datasets', { headers });
      expect(await errorOf(answer)).toMatchObject({ status: 401, code: '401' });
      expect((await fetch(`${service.url}/ledger`, { headers })).status).toBe(401);
    }
    expect(await (await fetch(`${service.url}/health`)).json()).toEqual({ status: 'ok' });
    expect((await fetch(`${service.url}/computervision/openapi.json`)).status).toBe(200);
  });

  it('without a known api-version is refused', async () => {
    const { service } = await serviceWithDatasets();
    expect(await errorOf(await call(service, 'GET /datasets?api-version='))).toMatchObject({ status: 400 });
    expect(await errorOf(await call(service, 'GET /datasets?api-version=2099-01-01'))).toMatchObject({
      status: 400,
    });
    for (const version of ['2023-02-01-preview', '2023-07-01-preview']) {
      expect((await call(service, `GET /datasets?api-version=${version}`)).status).toBe(200);
    }
  });

  it('may have a double slash after the mount point, as published clients send it', async () => {
    const { service } = await serviceWithDatasets('d');
    expect((await call(service, 'GET //datasets/d')).status).toBe(200);
    const body = { annotationKind: 'imageClassification', annotationFileUris: ['http://example.com/c.json'] };
    expect((await callJson(service, 'PUT //datasets/e', body)).status).toBe(201);
  });

  it('may spell the members of its body in any casing and declare either content type', async () => {
    const { service, client } = await serviceWithDatasets();
    const body = {
      AnnotationKind: 'imageClassification',
      AnnotationFileUris: [uri],
      CustomProperties: { Kind: 'Mine' },
      Authentication: { Kind: 'managedIdentity', SasToken: null },
    };
    const headers = { 'content-type': 'application/json-patch+json' };
    expect((await call(service, 'PUT /datasets/pascal', json(body, headers))).status).toBe(201);
    const stored = await client.getDataset('pascal');
    expect(stored).toMatchObject({ annotationFileUris: [uri], customProperties: { Kind: 'Mine' } });
  });

  it('with a body that is not JSON, does not fit or is too large is refused', async () => {
    const { service } = await serviceWithDatasets();
    const headers = { 'content-type': 'application/json' };
    const broken = await call(service, 'PUT /datasets/d', { body: '{"a":', headers });
    expect(await errorOf(broken)).toMatchObject({ status: 400, code: 'InvalidRequest', inner: 'InvalidJSONRequest' });
    const large = await call(service, 'PUT /datasets/d', { body: ' '.repeat(1024 * 1024 + 1), headers });
    expect(await errorOf(large)).toMatchObject({ status: 413 });
    const wrong = await callJson(service, 'PUT /datasets/d', { annotationKind: 'imageCaption' });
    expect(await errorOf(wrong)).toMatchObject({ status: 400 });
  });

  it('with a name that breaks the pattern is refused', async () => {
    const { service } = await serviceWithDatasets();
    for (const name of ['-a', '%20', 'a%2Fb', 'x'.repeat(256)]) {
      expect(await errorOf(await call(service, `GET /datasets/${name}`))).toMatchObject({ status: 400 });
    }
  });

  it('for a route that is not there gets the envelope too', async () => {
    const { service } = await serviceWithDatasets();
    expect(await errorOf(await call(service, 'GET /nothing'))).toMatchObject({ status: 404, code: 'NotFound' });
  });
});

describe('a dataset', () => {
  it('is registered once: the second PUT of its name is a conflict', async () => {
    const { service } = await serviceWithDatasets('d');
    const answer = await callJson(service, 'PUT /datasets/d', classification(uri));
    expect(await errorOf(answer)).toMatchObject({ status: 409, code: 'DatasetAlreadyExists' });
  });

  it('is updated and unregistered only while its eTag is the one expected', async () => {
    const { service, client } = await serviceWithDatasets('d');
    const { eTag = '' } = await client.getDataset('d');
    const change = { customProperties: { hash: '1' } };
    const updated = await call(service, 'PATCH /datasets/d', json(change, { 'if-match': `"${eTag}"` }));
    expect(updated.status).toBe(200);
    const now = DatasetSchema.parse(await updated.json());
    expect(now).toMatchObject({ ...change, annotationKind: 'imageClassification' });
    expect(now.eTag).not.toBe(eTag);
    const stale = { headers: { 'if-match': eTag } };
    expect(await errorOf(await call(service, 'PATCH /datasets/d', json({}, stale.headers)))).toMatchObject({
      status: 412,
    });
    expect(await errorOf(await call(service, 'DELETE /datasets/d', stale))).toMatchObject({ status: 412 });
    expect((await call(service, 'DELETE /datasets/d', { headers: { 'if-match': '*' } })).status).toBe(204);
    expect(await errorOf(await call(service, 'GET /datasets/d'))).toMatchObject({ status: 404 });
    expect(await errorOf(await call(service, 'DELETE /datasets/d'))).toMatchObject({ status: 404 });
    expect(await errorOf(await callJson(service, 'PATCH /datasets/d', {}))).toMatchObject({ status: 404 });
  });

  it('with URIs that can never be read is refused, naming all of them', async () => {
    const { service } = await serviceWithDatasets();
    const body = {
      ...classification('file:///etc/passwd'),
      annotationFileUris: ['file:///etc/passwd', 'ftp://x/y', 'z'],
    };
    const answer = await callJson(service, 'PUT /datasets/d', body);
    expect(await errorOf(answer)).toMatchObject({
      status: 400,
      code: 'DatasetInvalidAnnotationUri',
      message: expect.stringMatching(/etc\/passwd.*ftp:.*"z"/),
    });
  });
});

describe('a list', () => {
  it('comes in pages that link to the next one until the last', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `d${i}`);
    const { service } = await serviceWithDatasets(...names);
    const first = DatasetPage.parse(await (await call(service, 'GET /datasets')).json());
    expect(first.value).toHaveLength(10);
    const rest = await fetch(first.nextLink ?? '', { headers: { 'Ocp-Apim-Subscription-Key': KEY } });
    const last = DatasetPage.parse(await rest.json());
    expect([...first.value, ...last.value].map((dataset) => dataset.name)).toEqual(names);
    expect(last.nextLink).toBeUndefined();
  });

  it.each(['top=0', 'top=31', 'top=x', 'skip=-1', 'skip=2147483648'])('with %s is refused', async (query) => {
    const { service } = await serviceWithDatasets();
    expect(await errorOf(await call(service, `GET /models?${query}`))).toMatchObject({ status: 400 });
  });
});

describe('a model request', () => {
  it('for more hours than its version allows is refused', async () => {
    const { service } = await serviceWithDatasets('d');
    const over = await callJson(service, 'PUT /models/m', training('d', 337));
    expect(await errorOf(over)).toMatchObject({ status: 400 });
    const old = await callJson(service, 'PUT /models/m?api-version=2023-02-01-preview', training('d', 289));
    expect(await errorOf(old)).toMatchObject({ status: 400 });
  });

  it('for an unknown model gets 404, or 400 where an evaluation is created', async () => {
    const { service } = await serviceWithDatasets();
    for (const [method, target] of [
      ['GET', '/models/m'],
      ['POST', '/models/m:cancel'],
      ['DELETE', '/models/m'],
      ['GET', '/models/m/evaluations/e'],
      ['GET', '/models/m/evaluations'],
    ] as const) {
      expect(await errorOf(await call(service, `${method} ${target}`))).toMatchObject({
        status: 404,
        code: 'ModelNotFound',
      });
    }
    const body = { evaluationParameters: { testDatasetName: 'd' } };
    const evaluation = await callJson(service, 'PUT /models/m/evaluations/e', body);
    expect(await errorOf(evaluation)).toMatchObject({ status: 400, code: 'modelNotFound' });
  });
});

describe('the OpenAPI document', () => {
  it('lists every route of the contract', async () => {
    const { service } = await serviceWithDatasets();
    const answer = await fetch(`${service.url}/computervision/openapi.json`);
    const document = z.object({ paths: z.record(z.string(), z.looseObject({})) }).parse(await answer.json());
    const routes = Object.entries(document.paths).map(([path, methods]) => [path, Object.keys(methods).sort()]);
    expect(Object.fromEntries(routes)).toEqual({
      '/datasets': ['get'],
      '/datasets/{name}': ['delete', 'get', 'patch', 'put'],
      '/models': ['get'],
      '/models/{name}': ['delete', 'get', 'put'],
      '/models/{name}:cancel': ['post'],
      '/models/{model}/evaluations': ['get'],
      '/models/{model}/evaluations/{name}': ['delete', 'get', 'put'],
      '/imageanalysis:analyze': ['post'],
    });
  });
});
