import { unzipSync } from 'fflate';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  call,
  classification,
  ended,
  errorOf,
  type RunningService,
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

describe('an export', () => {
  it('is a ZIP file with a head that onnxruntime loads, its labels and its metrics', async () => {
    const answer = await call(running.service, 'GET /models/m:export');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/zip']);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="m.zip"');
    const files = unzipSync(new Uint8Array(await answer.arrayBuffer()));
    const json = (name: string) => JSON.parse(Buffer.from(files[name] ?? []).toString());
    expect(json('labels.json')).toEqual(['red', 'green']);
    expect(json('model.json')).toMatchObject({ kind: 'Generic-Classifier', backbone: { name: 'classical' } });
    expect(json('metrics.json')).toEqual((await running.client.getModel('m')).modelPerformance);
    const session = await InferenceSession.create(files['head.onnx'] ?? new Uint8Array());
    expect(session.inputNames).toEqual(['features']);
    await session.release();
  });

  it('is refused for a model that is not there, or did not succeed', async () => {
    expect(await errorOf(await call(running.service, 'GET /models/none:export'))).toMatchObject({ status: 404 });
    await running.client.createModel('failed', training('nowhere'));
    await ended(running.client, 'failed');
    expect(await errorOf(await call(running.service, 'GET /models/failed:export'))).toMatchObject({ status: 400 });
  });
});
