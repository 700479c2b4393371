import { readFile } from 'node:fs/promises';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../loop/outcome.ts';
import { startTracing } from '../../tracing/start-tracing.ts';
import type { Tracing } from '../../tracing/tracing.ts';
import { bundleWorkflows } from '../../worker/bundles.ts';
import { currentVersion, HISTORIES, recordedVersions } from './versions.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });

const versions = await recordedVersions();
const recorded = [...versions].flatMap(([version, names]) => names.map((name) => `${version}/${name}`));

function read(recording: string): Promise<string> {
  return readFile(new URL(`${recording}.json`, HISTORIES), 'utf8');
}

describe('recorded histories', () => {
  let workflowBundle: WorkflowBundleOption;
  beforeAll(async () => {
    workflowBundle = await bundleWorkflows();
  });

  it('exist in the present version for every outcome that a loop can reach', () => {
    const names = versions.get(currentVersion()) ?? [];
    expect(OUTCOMES.filter((outcome) => !names.some((name) => name.startsWith(outcome)))).toEqual([]);
  });

  it('leave no version without any', () => {
    expect([...versions].filter(([, names]) => names.length === 0)).toEqual([]);
  });

  it.each(recorded)('%s replays against the present code', async (recording) => {
    const history: unknown = JSON.parse(await read(recording));
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).resolves.toBeUndefined();
  });

  it('would fail if the code asked for another step', async () => {
    const text = await read(`${currentVersion()}/round-limit`);
    const history: unknown = JSON.parse(text.replace('checkTrainingSet', 'countImages'));
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).rejects.toThrow(/[Nn]ondeterminism/);
  });
});

describe('recorded histories, on a worker that sends traces', () => {
  let tracing: Tracing;
  let workflowBundle: WorkflowBundleOption;
  beforeAll(async () => {
    tracing = startTracing('replay');
    workflowBundle = await bundleWorkflows({ tracing });
  });
  afterAll(() => tracing.close());

  it.each(recorded)('%s replays as well', async (recording) => {
    const history: unknown = JSON.parse(await read(recording));
    const options = { workflowBundle, plugins: [tracing.plugin] };
    await expect(Worker.runReplayHistory(options, history)).resolves.toBeUndefined();
  });
});
