import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureTemporalBinary } from '../../dev/temporal-binary.ts';
import { resume } from '../../workflows/messages.ts';
import { isSwappedUpdate } from '../chaos/replay.ts';
import { type FaultyProxy, faultyProxy } from '../support/proxy.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { billed } from '../support/service-records.ts';
import { imageSources, type Sources } from '../support/sources.ts';
import { oneWorker, swapped } from '../support/swapped.ts';
import { until } from '../support/watching.ts';
import { inProcess } from './run-cli.ts';

/** About every second try makes such a history. */
const TRIES = 16;
let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;

beforeAll(async () => {
  rig = await createRig(['--log-level', 'never']);
  proxy = await faultyProxy(rig.service.url);
  sources = await imageSources(rig, { pool: 8, evaluation: 4 });
});

afterAll(async () => {
  proxy.rule(null);
  await proxy.close();
  await rig.teardown();
});

const ground = () => ({ rig, proxy, sources });
const cli = (...args: string[]) => inProcess(args, { home: rig.home, env: { TEMPORAL_ADDRESS: rig.env.address } });

/** Takes the loop over with a fresh worker, and gives what the command says of it. */
async function takenOver(name: string) {
  const stops = [await oneWorker(ground(), name), await oneWorker(ground(), `${name}-waits`)];
  const { stdout } = await cli('status', name);
  // As one line, whatever the width of the terminal.
  return { stdout: stdout.replaceAll(/\s+/g, ' '), stop: () => Promise.all(stops.map((stop) => stop())) };
}

/** Tries until a loop hangs. */
async function hungLoop() {
  for (let n = 1; n <= TRIES; n += 1) {
    const name = `hung-${n}`;
    const loop = await swapped(ground(), name, true);
    await loop.close();
    expect(loop.told).toBe(true);
    const { stdout, stop } = await takenOver(name);
    if (stdout.includes('stands still')) return { ...loop, name, stdout, stop };
    await stop();
    await loop.handle.terminate();
  }
  throw new Error('no try brought the fault about: it may be mended in the SDK');
}

describe('a loop whose history Temporal’s SDK wrote in an order that it cannot take up', () => {
  it('is told of with the exact command, which brings it on, and nothing is paid twice', async () => {
    const { name, handle, stdout, stop } = await hungLoop();
    const [command = '', event] =
      /temporal (workflow reset --workflow-id \S+ --event-id (\d+) --reason "[^"]+")/.exec(stdout)?.slice(1) ?? [];
    const history = JSON.stringify({
      events: (await handle.fetchHistory()).events?.map(({ eventId, eventType }) => ({
        eventId: Number(eventId),
        eventType: KIND_NAMES[Number(eventType)] ?? 'OTHER',
      })),
    });
    const at = Number(event) + 1;
    expect(isSwappedUpdate(`Update machine does not handle this event: HistoryEvent(id: ${at}, X)`, history)).toBe(
      true,
    );
    const binary = await ensureTemporalBinary({ say: () => undefined, env: process.env });
    const args = command.match(/"[^"]+"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
    await promisify(execFile)(binary, [...args, '--address', rig.env.address]);
    const loop = rig.env.client.workflow.getHandle(name) as typeof handle;
    await until(loop, ({ paused, phase }) => paused || phase === 'done');
    await loop.executeUpdate(resume, { args: [{}] }).catch(() => undefined);
    await expect(loop.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 1 });
    expect(await billed(rig, name)).toHaveLength(1);
    await stop();
  }, 240_000);

  it('does not come about without a query that waits for the worker', async () => {
    for (let n = 1; n <= 4; n += 1) {
      const name = `unasked-${n}`;
      const loop = await swapped(ground(), name, false);
      await loop.close();
      const { stdout, stop } = await takenOver(name);
      expect(stdout).not.toContain('stands still');
      await stop();
      await loop.handle.terminate().catch(() => undefined);
    }
  }, 120_000);
});

/** Event types that the pattern is made of. */
const KIND_NAMES: Record<number, string> = {
  5: 'EVENT_TYPE_WORKFLOW_TASK_SCHEDULED',
  7: 'EVENT_TYPE_WORKFLOW_TASK_COMPLETED',
  41: 'EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED',
};
