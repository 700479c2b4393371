import { readdir, readFile } from 'node:fs/promises';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { beforeAll, describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../loop/outcome.ts';
import { bundleWorkflows } from '../../worker/workers.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const HISTORIES = new URL('./histories/', import.meta.url);
const files = (await readdir(HISTORIES)).filter((name) => name.endsWith('.json'));

describe('recorded histories', () => {
  let workflowBundle: WorkflowBundleOption;
  beforeAll(async () => {
    workflowBundle = await bundleWorkflows();
  });

  it('exist for every outcome that a loop can reach', () => {
    expect(OUTCOMES.filter((outcome) => !files.some((name) => name.startsWith(outcome)))).toEqual([]);
  });

  it.each(files)('%s replays against the present code', async (name) => {
    const history: unknown = JSON.parse(await readFile(new URL(name, HISTORIES), 'utf8'));
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).resolves.toBeUndefined();
  });

  it('would fail if the code asked for another step', async () => {
    const text = await readFile(new URL('round-limit.json', HISTORIES), 'utf8');
    const history: unknown = JSON.parse(text.replace('checkTrainingSet', 'countImages'));
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toThrow(/[Nn]ondeterminism/);
  });
});
