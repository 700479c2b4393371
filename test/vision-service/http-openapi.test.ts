import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type RunningService, sharedService, stopShared } from './http-helpers.ts';

let running: RunningService;
beforeAll(async () => {
  running = await sharedService();
});
afterAll(() => stopShared(running));

const Operation = z.looseObject({
  operationId: z.string(),
  parameters: z.array(z.looseObject({ name: z.string(), schema: z.looseObject({}) })).default([]),
  responses: z.record(z.string(), z.looseObject({})),
});
const Document = z.looseObject({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.looseObject({ schemas: z.record(z.string(), z.looseObject({})) }),
});

/** Fetched without a key. */
async function documentOf({ service }: RunningService) {
  const answer = await fetch(`${service.url}/computervision/openapi.json`);
  return Document.parse(await answer.json());
}

function parameter(operation: z.output<typeof Operation> | undefined, name: string) {
  return operation?.parameters.find((found) => found.name === name)?.schema;
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const document = await documentOf(running);
    const result = await new Validator().validate(structuredClone(document));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(document.openapi).toBe('3.1.0');
  });

  it('lists every route of the contract, each under an id of its own', async () => {
    const { paths } = await documentOf(running);
    const routes = Object.entries(paths).map(([path, methods]) => [path, Object.keys(methods).sort()]);
    expect(Object.fromEntries(routes)).toEqual({
      '/datasets': ['get'],
      '/datasets/{name}': ['delete', 'get', 'patch', 'put'],
      '/models': ['get'],
      '/models/{name}': ['delete', 'get', 'put'],
      '/models/{name}:cancel': ['post'],
      '/models/{name}:export': ['get'],
      '/models/{model}/evaluations': ['get'],
      '/models/{model}/evaluations/{name}': ['delete', 'get', 'put'],
      '/imageanalysis:analyze': ['post'],
      '/productrecognition/{model}/runs': ['get'],
      '/productrecognition/{model}/runs/{name}': ['delete', 'get', 'put'],
    });
    const ids = Object.values(paths).flatMap((methods) => Object.values(methods).map((method) => method.operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('tells the limits that requests are parsed by, and that null counts as left out', async () => {
    const { paths, components } = await documentOf(running);
    const list = paths['/models']?.['get'];
    expect(parameter(list, 'top')).toMatchObject({ type: 'integer', minimum: 1, maximum: 30, default: 10 });
    expect(parameter(list, 'skip')).toMatchObject({ type: 'integer', minimum: 0, maximum: 2_147_483_647, default: 0 });
    expect(parameter(list, 'api-version')?.['enum']).toHaveLength(3);
    expect(parameter(paths['/productrecognition/{model}/runs']?.['get'], 'api-version')?.['enum']).toHaveLength(2);
    expect(parameter(paths['/models/{name}']?.['put'], 'name')).toMatchObject({
      maxLength: 255,
      pattern: '^[a-zA-Z0-9][a-zA-Z0-9._-]*$',
    });
    expect(components.schemas['ModelRequest']).toMatchObject({
      properties: { trainingParameters: { properties: { modelKind: { type: ['string', 'null'] } } } },
    });
    for (const methods of Object.values(paths)) {
      for (const { responses } of Object.values(methods)) expect(responses).toHaveProperty('default');
    }
  });
});

describe('the page that shows it', () => {
  it('comes whole from the service, needs no key and may load nothing from elsewhere', async () => {
    const page = await fetch(`${running.service.url}/`);
    expect(page.url).toBe(`${running.service.url}/computervision/docs`);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).not.toMatch(/https?:/);
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => new URL(file, page.url));
    expect(files.length).toBeGreaterThanOrEqual(3);
    for (const file of files) expect((await fetch(file)).status, file.href).toBe(200);
  });
});
