import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { connect } from '../../client/connect.ts';
import { startLoop } from '../../client/start-loop.ts';
import { watchLoop } from '../../client/watch-loop.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { imageFolder } from '../support/images.ts';
import { createRig, type Rig } from '../support/rig.ts';
import { gate } from './gate.ts';
import { deltaloop, inProcess, recorder } from './run-cli.ts';

const taskQueue = 'client';
let rig: Rig;
let stop: () => Promise<void>;
let env: Record<string, string>;

beforeAll(async () => {
  rig = await createRig();
  await imageFolder(join(rig.home, 'pool'), { perClass: 12, firstSeed: 1 });
  await imageFolder(join(rig.home, 'yardstick'), { perClass: 8, firstSeed: 1000 });
  await imageFolder(join(rig.home, 'handed-in'), { perClass: 2, firstSeed: 2000 });
  await writeFile(join(rig.home, 'handed-in/red/broken.png'), 'no picture');
  stop = await rig.work(taskQueue);
  env = { TEMPORAL_ADDRESS: rig.env.address, DELTALOOP_TASK_QUEUE: taskQueue };
});

afterAll(async () => {
  await stop();
  await rig.teardown();
});

const run = (...args: string[]) => inProcess(args, { home: rig.home, env });

/** Writes a spec file beside the pool; paths in it are relative to the file, as people write them. */
async function specFile(name: string, more: Partial<LoopSpecInput> = {}): Promise<string> {
  const path = join(rig.home, `${name}.yaml`);
  await writeFile(
    path,
    stringify({
      name,
      collector: { kind: 'pool', path: 'pool' },
      evaluation: { path: 'yardstick' },
      policy: 'thresholds',
      target: 0.05,
      ...more,
    }),
  );
  return path;
}

const PEOPLE: Partial<LoopSpecInput> = {
  classes: ['red', 'green', 'blue'],
  collector: { kind: 'people', reminders: [] },
  imagesPerClass: 4,
};

function begin(specPath: string, queue = taskQueue) {
  return startLoop({ client: rig.env.client, home: rig.home, specPath, taskQueue: queue, say: () => undefined });
}

describe('a loop over a pool, from the command line', () => {
  it('is started, watched to its end and told by its exit code, its JSON and its files', async () => {
    const path = await specFile('whole', { title: 'Which colour?' });
    const { code, stdout, stderr } = await deltaloop(['start', path, '--watch'], { home: rig.home, env });
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Begins with 3 images per class'),
    });
    expect(stdout).toMatch(/^Round 1 decided: 9 images, metric [01]\.\d{3}, stop: target-reached$/m);
    expect(stdout).toContain('target-reached: Target 0.05');
    const status = JSON.parse((await run('status', 'whole', '--json')).stdout);
    expect(status).toMatchObject({
      status: 'finished',
      report: LoopFolder.at(rig.home, 'whole').resolve('report.html'),
    });
    const description = await rig.env.client.workflow.getHandle('whole').describe();
    expect(await description.staticSummary()).toBe('Which colour?');
    expect(await description.staticDetails()).toContain('Stops when the metric reaches 0.05');
  });
});

describe('a second start', () => {
  it('of the same spec attaches to the loop, of another spec is refused with what differs', async () => {
    const path = await specFile('twice', PEOPLE);
    expect(await begin(path)).toMatchObject({ kind: 'started' });
    expect(await begin(path)).toMatchObject({ kind: 'attached' });
    await specFile('twice', { ...PEOPLE, target: 0.6 });
    await expect(begin(path)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('target: 0.05 → 0.6'),
    });
    await run('stop', 'twice');
  });

  it('at the same moment makes one loop with one identity', async () => {
    const path = await specFile('race', PEOPLE);
    const kinds = (await Promise.all([begin(path), begin(path), begin(path)])).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(['attached', 'attached', 'started']);
    const { memo } = await rig.env.client.workflow.getHandle('race').describe();
    expect(memo).toMatchObject({ folder: LoopFolder.at(rig.home, 'race').path });
    expect(await LoopFolder.at(rig.home, 'race').readJson('loop.json')).toMatchObject({
      instanceId: memo?.['instanceId'],
      specHash: memo?.['specHash'],
    });
    await run('stop', 'race');
  });

  it('from another home is refused, since the loop’s files are not there', async () => {
    const home = await mkdtemp(join(rig.home, 'other-home-'));
    const specPath = await specFile('elsewhere', PEOPLE);
    await begin(specPath);
    const other = startLoop({ client: rig.env.client, home, specPath, taskQueue, say: () => undefined });
    await expect(other).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(LoopFolder.at(rig.home, 'elsewhere').path),
    });
    const submitted = await inProcess(['submit', 'elsewhere', join(rig.home, 'handed-in')], { home, env });
    expect(submitted).toMatchObject({ code: 2, stderr: expect.stringContaining('Nothing was copied') });
    await run('stop', 'elsewhere');
  });
});

describe('a loop that people collect for', () => {
  it('takes images, says what is still missing, and takes the same ones only once', async () => {
    await begin(await specFile('hands', PEOPLE));
    const first = await run('submit', 'hands', join(rig.home, 'handed-in'));
    expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('red/broken.png') });
    expect(first.stdout).toMatch(/^ {2}red +2 +2$/m);
    const again = JSON.parse((await run('submit', 'hands', join(rig.home, 'handed-in'), '--json')).stdout);
    expect(again).toMatchObject({
      counts: { red: 2 },
      missing: { red: 2, green: 2, blue: 2 },
      findings: [{ where: 'red/broken.png' }],
    });
    const empty = await mkdtemp(join(rig.home, 'empty-'));
    await mkdir(join(empty, 'red'));
    expect((await run('submit', 'hands', empty)).code).toBe(7);
    await run('stop', 'hands');
  });

  it('is waited for by watch --until-attention, paused, resumed and stopped, and refuses what makes no sense', async () => {
    await begin(await specFile('steered', PEOPLE));
    expect((await run('watch', 'steered', '--until-attention')).code).toBe(3);
    expect(await run('status', 'steered', '--check')).toMatchObject({
      code: 8,
      stdout: expect.stringContaining('deltaloop submit steered'),
    });
    expect((await run('pause', 'steered', '--by', 'ada', '--reason', 'lunch')).code).toBe(0);
    expect((await run('status', 'steered')).stdout).toContain('lunch');
    expect((await run('resume', 'steered')).code).toBe(0);
    expect(await run('resume', 'steered')).toMatchObject({ code: 2, stderr: expect.stringContaining('not paused') });
    expect(await run('resolve', 'steered', 'retry')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('waits for no answer'),
    });
    expect((await run('stop', 'steered', '--now', '--by', 'ada')).code).toBe(0);
    const watched = await run('watch', 'steered');
    expect(watched).toMatchObject({ code: 5, stdout: expect.stringContaining('stopped: ') });
  });
});

describe('watching', () => {
  it('ends with 130 at Ctrl-C and says how to come back, and with 124 after --timeout; the loop goes on', async () => {
    await begin(await specFile('watched', PEOPLE));
    const onOutput = (_soFar: string, kill: (signal: NodeJS.Signals) => void) => kill('SIGINT');
    const interrupted = await deltaloop(['watch', 'watched'], { home: rig.home, env, onOutput });
    expect(interrupted).toMatchObject({ code: 130, stderr: expect.stringContaining('deltaloop watch watched') });
    expect((await run('watch', 'watched', '--timeout', '1ms')).code).toBe(124);
    expect((await run('status', 'watched', '--check')).code).toBe(8);
    await run('stop', 'watched');
  });

  it('waits for a loop that does not exist yet', async () => {
    const output = recorder();
    const specPath = await specFile('later');
    const watching = watchLoop({ client: rig.env.client, home: rig.home, loop: 'later', output, intervalMs: 50 });
    await expect.poll(() => output.stderr.join()).toContain('There is no loop later yet');
    await begin(specPath);
    expect(await watching).toBe(0);
  });

  it('rides out a server that goes away and comes back', async () => {
    const door = await gate(rig.env.address);
    const output = recorder();
    const connected = await connect({ home: rig.home, env: { TEMPORAL_ADDRESS: door.address } });
    await begin(await specFile('blip', PEOPLE));
    const watching = watchLoop({ client: connected.client, home: rig.home, loop: 'blip', output, intervalMs: 50 });
    await expect.poll(() => output.stdout.join(), { timeout: 10_000 }).toContain('collecting');
    door.shut();
    await expect.poll(() => output.stderr.join(), { timeout: 20_000 }).toContain('does not answer; trying again');
    door.open();
    await run('stop', 'blip');
    expect(await watching).toBe(5);
    await connected.close();
    await door.close();
  });
});

describe('a loop whose worker is down', () => {
  it('is shown from its files with a note on the worker, and changes are refused with the next step', async () => {
    await begin(await specFile('orphan', PEOPLE), 'nobody-polls');
    const [shown, paused, handed] = await Promise.all([
      run('status', 'orphan', '--check'),
      run('pause', 'orphan'),
      run('submit', 'orphan', join(rig.home, 'handed-in')),
    ]);
    const note = 'No worker answers on task queue nobody-polls';
    expect(shown).toMatchObject({ code: 8, stderr: expect.stringContaining(note) });
    expect(paused).toMatchObject({ code: 1, stderr: expect.stringContaining(note) });
    expect(handed).toMatchObject({ code: 1, stderr: expect.stringContaining('`deltaloop dev`') });
    expect(await readdir(LoopFolder.at(rig.home, 'orphan').path)).not.toContain('inbox');
    await rig.env.client.workflow.getHandle('orphan').terminate('the test is over');
  });
});

describe('a loop that Temporal closed without an outcome', () => {
  it('exits with 1 everywhere and says what can be done', async () => {
    const specPath = await specFile('killed', PEOPLE);
    await begin(specPath);
    await rig.env.client.workflow.getHandle('killed').terminate('by a test');
    expect(await run('status', 'killed')).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('was terminated in Temporal'),
    });
    expect((await run('watch', 'killed')).code).toBe(1);
    await expect(begin(specPath)).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringContaining('terminated'),
    });
    expect(JSON.parse((await run('list', '--json')).stdout).loops).toContainEqual(
      expect.objectContaining({ loop: 'killed', state: 'terminated' }),
    );
  });
});

describe('an unknown loop', () => {
  it('is refused with the nearest name that exists', async () => {
    await begin(await specFile('flowers', PEOPLE));
    const { code, stderr } = await run('status', 'flower');
    expect(code).toBe(2);
    expect(stderr).toContain('There is no loop flower');
    expect(stderr).toContain('Did you mean flowers?');
    await run('stop', 'flowers');
  });
});
