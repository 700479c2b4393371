import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { ServiceStartError } from '../../vision-service/errors.ts';
import { faultRulesFromFile } from '../../vision-service/faults/from-file.ts';
import type { FaultRules } from '../../vision-service/faults/schema.ts';
import { settingsFromEnvironment } from '../../vision-service/settings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { call, classification, ended, evaluated, startService, training, writeCoco } from './http-helpers.ts';

/** A service with these faults, and a dataset `d` in it. */
async function serviceWith(...faults: FaultRules) {
  const home = await temporaryFolder();
  const running = await startService(home, { faults });
  const uri = await writeCoco(home, 'c.json', { perClass: 2 });
  return { ...running, uri };
}

const DATASETS = { method: 'PUT', path: '/datasets/' } as const;

describe('a fault on demand', () => {
  it('delays an answer', async () => {
    const { client, uri } = await serviceWith({ match: DATASETS, fault: { kind: 'latency', ms: 40 } });
    const begun = performance.now();
    expect(await client.registerDataset('d', classification(uri))).toMatchObject({ name: 'd' });
    // Timers may fire a millisecond early.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(39);
  });

  it('throttles with Retry-After, as often as told, and the request has done nothing', async () => {
    const { client, uri } = await serviceWith({
      match: DATASETS,
      times: 2,
      fault: { kind: 'throttle', retryAfterSeconds: 7 },
    });
    for (let i = 0; i < 2; i++) {
      await expect(client.registerDataset('d', classification(uri))).rejects.toMatchObject({
        name: 'VisionHttpError',
        status: 429,
        retryAfterMs: 7000,
      });
    }
    expect(await client.registerDataset('d', classification(uri))).toMatchObject({ name: 'd' });
  });

  it('fails with a status of 500 and the envelope, after as many as are let through', async () => {
    const { client, uri } = await serviceWith({ match: DATASETS, after: 1, fault: { kind: 'error' } });
    await client.registerDataset('d', classification(uri));
    await expect(client.registerDataset('e', classification(uri))).rejects.toMatchObject({
      name: 'VisionHttpError',
      status: 500,
      code: 'InternalServerError',
    });
    await expect(client.getDataset('e')).rejects.toMatchObject({ status: 404 });
  });

  it('resets the connection before the request is done, or only before it is answered', async () => {
    const { client, uri } = await serviceWith(
      { match: { path: '/datasets/before' }, times: 1, fault: { kind: 'reset' } },
      { match: { path: '/datasets/after' }, times: 1, fault: { kind: 'reset', when: 'after' } },
    );
    for (const name of ['before', 'after']) {
      await expect(client.registerDataset(name, classification(uri))).rejects.toMatchObject({
        name: 'VisionConnectionError',
        code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/),
      });
    }
    await expect(client.getDataset('before')).rejects.toMatchObject({ status: 404 });
    expect(await client.getDataset('after')).toMatchObject({ name: 'after' });
  });

  it('cuts an answer in the middle', async () => {
    const { client, uri } = await serviceWith({ match: DATASETS, times: 1, fault: { kind: 'truncate' } });
    await expect(client.registerDataset('d', classification(uri))).rejects.toMatchObject({
      name: 'VisionContractError',
      message: expect.stringContaining('not JSON'),
    });
    expect(await client.getDataset('d')).toMatchObject({ name: 'd' });
  });

  it('gives the trainings and evaluations of one model a code, and leaves the others', async () => {
    const { client, uri } = await serviceWith(
      { match: { model: 'bad' }, fault: { kind: 'failure', of: 'training', code: 'diverged', message: 'No use.' } },
      { match: { model: 'good' }, times: 1, fault: { kind: 'failure', of: 'evaluation', code: 'internalServerError' } },
    );
    await client.registerDataset('d', classification(uri));
    await client.createModel('bad', training('d'));
    await client.createModel('good', training('d'));
    expect(await ended(client, 'bad')).toMatchObject({
      status: 'failed',
      error: { code: 'diverged', message: 'No use.' },
    });
    expect(await ended(client, 'good')).toMatchObject({ status: 'succeeded' });
    expect(await evaluated(client, 'good', 'd')).toMatchObject({ error: { code: 'internalServerError' } });
    await client.createEvaluation('good', 'again', { evaluationParameters: { testDatasetName: 'd' } });
  });
});

describe('faults', () => {
  const RULES = JSON.stringify([{ fault: { kind: 'error' } }]);

  it('cannot be asked for by any request', async () => {
    const { service, client } = await startService(await temporaryFolder());
    const headers = {
      'x-faults': RULES,
      'x-deltaloop-faults': RULES,
      'x-ms-fault': 'error',
      DELTALOOP_VISION_FAULTS: RULES,
      'content-type': 'application/json',
    };
    for (const line of ['PUT /faults', 'POST /faults', 'PUT /models/faults', 'GET /models?faults=error&fault=reset']) {
      const body = line.startsWith('GET') ? {} : { body: RULES };
      expect((await call(service, line, { headers, ...body })).status).toBeLessThan(500);
    }
    await expect(client.getModel('m')).rejects.toMatchObject({ status: 404 });
  });

  it('come from a file only where NODE_ENV says test as well', async () => {
    const file = path.join(await temporaryFolder(), 'faults.json');
    await writeFile(file, RULES);
    const env = { DELTALOOP_VISION_KEY: 'long-enough', DELTALOOP_VISION_FAULTS: file };
    expect(settingsFromEnvironment({ ...env, NODE_ENV: 'test' }).faults).toMatchObject([{ fault: { kind: 'error' } }]);
    for (const NODE_ENV of [undefined, 'production', 'development']) {
      expect(() => settingsFromEnvironment({ ...env, NODE_ENV })).toThrow(/for tests only/);
    }
    expect(settingsFromEnvironment({ DELTALOOP_VISION_KEY: 'long-enough', NODE_ENV: 'test' }).faults).toBeUndefined();
  });

  it.each([
    ['[{"fault":{"kind":"fire"}}]', /kind/],
    ['[{"match":{"path":"("},"fault":{"kind":"reset"}}]', /regular expression/],
    ['[{"fault":{"kind":"error"},"typo":1}]', /typo/],
    ['{', /cannot be read/],
  ])('of the form %s are refused at the start', async (text, reason) => {
    const file = path.join(await temporaryFolder(), 'faults.json');
    await writeFile(file, text);
    expect(() => faultRulesFromFile(file, 'test')).toThrow(ServiceStartError);
    expect(() => faultRulesFromFile(file, 'test')).toThrow(reason);
  });
});
