import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { startGate } from './http-gate.ts';
import {
  classification,
  ended,
  evaluationEnded,
  ledgerOf,
  picture,
  startService,
  training,
  writeCoco,
} from './http-helpers.ts';

/** A service with a dataset that waits at a gate and one that does not. */
async function gatedService(parallel: number) {
  const [home, gate] = [await temporaryFolder(), await startGate()];
  const running = await startService(home, { allowPrivate: true, parallel });
  await running.client.registerDataset('gated', classification(await gate.writeCoco(home, { perClass: 3 })));
  await running.client.registerDataset('d', classification(await writeCoco(home, 'c.json', { perClass: 3 })));
  return { ...running, home, gate };
}

describe('the queue of trainings', () => {
  it('trains as many at a time as it is set to, the oldest first, each once', async () => {
    const { client, service, gate } = await gatedService(2);
    await client.createModel('long', training('gated'));
    for (const name of ['a', 'b', 'c']) await client.createModel(name, training('d'));
    await gate.reached();
    await ended(client, 'c');
    expect(await client.getModel('long')).toMatchObject({ status: 'training' });
    gate.open();
    await ended(client, 'long');
    expect((await ledgerOf(service)).map((line) => line.model)).toEqual(['a', 'b', 'c', 'long']);
  });

  it('trains one at a time when it is not set to more', async () => {
    const { client, gate } = await gatedService(1);
    await client.createModel('long', training('gated'));
    await client.createModel('a', training('d'));
    await gate.reached();
    expect(await client.getModel('a')).toMatchObject({ status: 'notStarted' });
    gate.open();
    await ended(client, 'a');
    expect(await client.getModel('long')).toMatchObject({ status: 'succeeded' });
  });

  it('takes all its trainings up again after a stop, also those that ran side by side', async () => {
    const { client, service, home, gate } = await gatedService(2);
    await client.createModel('one', training('gated'));
    await client.createModel('two', training('gated'));
    await client.createModel('three', training('d'));
    await gate.reached();
    await service.close();
    gate.open();
    const next = await startService(home, { allowPrivate: true, parallel: 2 });
    for (const name of ['one', 'two', 'three']) {
      expect(await ended(next.client, name)).toMatchObject({ status: 'succeeded' });
    }
    expect((await ledgerOf(next.service)).map((line) => line.model).sort()).toEqual(['one', 'three', 'two']);
  });

  it('cancels a training that ran before a restart and waits again, because fewer run at a time now', async () => {
    const { client, service, home, gate } = await gatedService(2);
    await client.createModel('one', training('gated'));
    await client.createModel('two', training('gated'));
    await expect.poll(async () => (await client.getModel('two')).status).toBe('training');
    await gate.reached();
    await service.close();
    const next = await startService(home, { allowPrivate: true, parallel: 1 });
    await next.client.cancelModel('two');
    expect(await next.client.getModel('two')).toMatchObject({ status: 'cancelled' });
    gate.open();
    expect(await ended(next.client, 'one')).toMatchObject({ status: 'succeeded' });
    expect((await ledgerOf(next.service)).map((line) => line.model)).toEqual(['two', 'one']);
  });

  it('cancels a training that is being cancelled as if asked once', async () => {
    const { client, service, gate } = await gatedService(1);
    await client.createModel('m', training('gated'));
    await gate.reached();
    await Promise.all([client.cancelModel('m'), client.cancelModel('m'), client.cancelModel('m')]);
    expect(await ended(client, 'm')).toMatchObject({ status: 'cancelled' });
    expect(await ledgerOf(service)).toHaveLength(1);
  });
});

describe('an evaluation', () => {
  it('holds up neither predictions nor the queue of trainings', async () => {
    const { client, gate } = await gatedService(1);
    await client.createModel('m', training('d'));
    await ended(client, 'm');
    await client.createEvaluation('m', 'slow', { evaluationParameters: { testDatasetName: 'gated' } });
    await gate.reached();
    const prediction = await client.predict('m', await picture('red', 40));
    expect(prediction.customModelResult.tagsResult?.values).toHaveLength(2);
    await client.createModel('next', training('d'));
    expect(await ended(client, 'next')).toMatchObject({ status: 'succeeded' });
    expect(await client.getEvaluation('m', 'slow')).toMatchObject({ status: 'running' });
    gate.open();
    expect(await evaluationEnded(client, 'm', 'slow')).toMatchObject({ status: 'succeeded' });
  });
});

describe('billed minutes', () => {
  it('follow the rate that is set, up to the budget', async () => {
    const home = await temporaryFolder();
    const { client } = await startService(home, { minutesPerSecond: 1e6 });
    await client.registerDataset('d', classification(await writeCoco(home, 'c.json', { perClass: 2 })));
    await client.createModel('m', training('d', 1));
    const model = await ended(client, 'm');
    // With so high a rate the budget ends the training, or bounds its bill.
    if (model.status === 'succeeded') expect(model.trainingCostInMinutes).toBe(60);
    else expect(model.error?.code).toBe('notEnoughBudget');
  });
});
