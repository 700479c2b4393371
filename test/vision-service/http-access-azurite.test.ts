import { stat } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { VisionServiceOptions } from '../../vision-service/server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Azurite, startAzurite } from './azurite.ts';
import { call, callJson, ended, evaluated, picture, startService, training } from './http-helpers.ts';

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
  const pictures: Record<string, Buffer> = {};
  for (const colour of ['red', 'green']) {
    for (let i = 0; i < 4; i++) pictures[`${colour}-${i}.png`] = await picture(colour, i);
  }
  const coco = Buffer.from(JSON.stringify(cocoOf(Object.keys(pictures), 'data')));
  const astray = Buffer.from(JSON.stringify(cocoOf(Object.keys(pictures), 'other')));
  await azurite.fill('data', { ...pictures, 'coco.json': coco, 'astray.json': astray });
  await azurite.fill('other', { 'coco.json': coco });
});

afterAll(() => azurite.stop());

function cocoOf(files: readonly string[], container: string) {
  return {
    images: files.map((file, i) => ({
      id: i + 1,
      width: 64,
      height: 64,
      file_name: file,
      coco_url: `${azurite.url}/${container}/${file}`,
    })),
    annotations: files.map((file, i) => ({ id: i + 1, image_id: i + 1, category_id: file.startsWith('red') ? 1 : 2 })),
    categories: [
      { id: 1, name: 'red' },
      { id: 2, name: 'green' },
    ],
  };
}

/** Everything that a service answers or logs from now on, as one text. */
function recorder() {
  const lines: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const real = globalThis.fetch;
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (...given) => {
    const answer = await real(...given);
    lines.push(JSON.stringify([...answer.headers]), await answer.clone().text());
    return answer;
  });
  onTestFinished(() => spy.mockRestore());
  return { log, text: () => lines.join('\n') };
}

async function openService(options: Partial<VisionServiceOptions> = {}) {
  const home = await temporaryFolder();
  const record = recorder();
  const access = { allowPrivate: true, log: record.log, patience: { attempts: 1 } };
  const running = await startService(home, { ...access, ...options });
  return { home, record, access, ...running };
}

function dataset(file: string, authentication: object) {
  const annotationFileUris = [`${azurite.url}/data/${file}`];
  return { annotationKind: 'imageClassification', annotationFileUris, authentication };
}

/** No part of a token may show, however it is spelt. */
function expectHidden(text: string, token: string): void {
  const signature = new URLSearchParams(token).get('sig') ?? 'none';
  for (const secret of [token, signature, encodeURIComponent(signature)]) expect(text).not.toContain(secret);
}

describe('a SAS token', () => {
  it('lets a dataset be trained and evaluated, also after a restart, and never shows', async () => {
    const { home, record, access, service, client } = await openService();
    const token = azurite.sas('data');
    const registered = await callJson(
      service,
      'PUT /datasets/d',
      dataset('coco.json', { kind: 'sas', sasToken: `?${token}` }),
    );
    expect([registered.status, await registered.json()]).toEqual([
      201,
      expect.objectContaining({ authentication: { kind: 'sas' } }),
    ]);
    await client.createModel('m', training('d'));
    expect((await ended(client, 'm')).error).toBeUndefined();
    await service.close();
    const again = await startService(home, access);
    expect((await evaluated(again.client, 'm', 'd')).status).toBe('succeeded');
    for (const line of ['GET /datasets', 'GET /datasets/d', 'GET /models', 'GET /openapi.json'])
      await call(again.service, line);
    expect(record.text()).toContain('training settled');
    expectHidden(record.text(), token);
    const state = path.join(home, 'vision-service');
    for (const file of ['service.db', 'service.db-wal']) {
      expect((await stat(path.join(state, file))).mode & 0o777, file).toBe(0o600);
    }
  });

  it.each([
    [
      'that has expired',
      () => ({ kind: 'sas', sasToken: azurite.sas('data', new Date(Date.now() - 3_600_000)) }),
      /coco\.json answered 403 \(Auth\w+\)/,
    ],
    [
      'of another container',
      () => ({ kind: 'sas', sasToken: azurite.sas('other') }),
      /coco\.json answered 403 \(Auth\w+\)/,
    ],
    ['that is not given', () => ({ kind: 'none' }), /coco\.json answered 40[349] \(\w+\)/],
  ])('%s fails the training with the storage’s answer', async (_, authentication, expected) => {
    const { record, service, client } = await openService();
    const given: { kind: string; sasToken?: string } = authentication();
    await callJson(service, 'PUT /datasets/d', dataset('coco.json', given));
    await client.createModel('m', training('d'));
    const { error } = await ended(client, 'm');
    expect(error).toMatchObject({ code: 'datasetCorrupt', message: expect.stringMatching(expected) });
    if (given.sasToken !== undefined) expectHidden(record.text(), given.sasToken);
  });

  it('that does not reach the images names every one of them', async () => {
    const { record, service, client } = await openService();
    const sasToken = azurite.sas('data');
    await callJson(service, 'PUT /datasets/d', dataset('astray.json', { kind: 'sas', sasToken }));
    await client.createModel('m', training('d'));
    const { error } = await ended(client, 'm');
    expect(error?.code).toBe('datasetCorrupt');
    expect(error?.details).toHaveLength(8);
    expect(error?.details?.[0]?.message).toMatch(
      /image 1 \(red-0\.png\) of astray\.json: .*red-0\.png answered 403 \(\w+\)/,
    );
    expectHidden(record.text(), sasToken);
  });
});
