import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMBEDDED_CAPABILITIES } from '../../vision/capabilities.ts';
import { adjust, stop } from '../../workflows/messages.ts';
import { createRig, type Rig, start } from '../support/rig.ts';
import { ScriptedService, SOUND } from '../support/scripted-service.ts';
import { imageSources, type Sources } from '../support/sources.ts';
import { unpredictedSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

const taskQueue = 'caps-edges';
/** More looks than any test waits for. */
const ENDLESS = 1_000_000;

let rig: Rig;
let sources: Sources;
let stopWorkers: () => Promise<void>;
/** What happens while the service takes a loop's training on. */
const meanwhile = new Map<string, () => Promise<void>>();
const calls: string[] = [];
const service = new ScriptedService({
  fate: (model) => ({ ...SOUND, minutes: 25, stubborn: true, looks: model.startsWith('stubborn') ? ENDLESS : 0 }),
  created: async (model) => meanwhile.get(model.slice(0, model.lastIndexOf('-r')))?.(),
  asked: (call) => {
    calls.push(call);
  },
});

beforeAll(async () => {
  rig = await createRig();
  sources = await imageSources(rig, { pool: 6, evaluation: 4 });
  const profile = { client: service.client(), capabilities: EMBEDDED_CAPABILITIES };
  stopWorkers = await rig.work(taskQueue, new Map([['default', profile]]));
});

afterAll(async () => {
  await stopWorkers();
  await rig.teardown();
});

describe('a training that succeeds although it was cancelled', () => {
  it('is settled and listed, and not evaluated', async () => {
    const { handle, folder } = await start(rig, { taskQueue, spec: unpredictedSpec('stubborn', sources) });
    await until(handle, () => calls.some((call) => call.startsWith('GET models/stubborn-r1')));
    await handle.executeUpdate(stop, { args: [{ now: true, by: 'ann' }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'stopped', billedMinutes: 25, recommended: null });
    const { models, billed } = service.ledger('stubborn');
    expect(billed).toBe(25);
    const report = await readFile(folder.resolve('report.html'), 'utf8');
    expect(report).toContain(`<code>${models[0]}</code>`);
    expect(await folder.readJson('rounds/1/evaluation-1.json')).toBeUndefined();
  });
});

describe('a cap on hours that is lowered below what is reserved', () => {
  it('cancels nothing and starts nothing new', async () => {
    const spec = unpredictedSpec('lowered', sources, { caps: { hours: 9, rounds: 5 }, training: { hours: 4 } });
    const { handle } = await start(rig, { taskQueue, spec });
    meanwhile.set('lowered', async () => {
      await handle.executeUpdate(adjust, { args: [{ set: { 'caps.hours': 1 }, by: 'ann' }] });
    });
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'budget-exhausted', rounds: 1, billedMinutes: 25 });
    expect(result.recommended?.round).toBe(1);
    expect(service.ledger('lowered').models).toHaveLength(1);
  });

  it('is what later trainings get once it is raised again', async () => {
    const spec = unpredictedSpec('lifted', sources, { caps: { hours: 1, rounds: 2 }, training: { hours: 2 } });
    const { handle } = await start(rig, { taskQueue, spec });
    meanwhile.set('lifted', async () => {
      await handle.executeUpdate(adjust, { args: [{ set: { 'caps.hours': 3 } }] });
    });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 2, billedMinutes: 50 });
  });
});
