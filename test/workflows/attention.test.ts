import { readFile, rename, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { VerdictsFileSchema } from '../../loop/files.ts';
import type { LoopSpecInput } from '../../loop/spec.ts';
import { pause, resolve, resume, stop } from '../../workflows/messages.ts';
import { type FaultyProxy, holdTraining } from '../support/proxy.ts';
import { profiles, type Rig, start } from '../support/rig.ts';
import { billed } from '../support/service-records.ts';
import { type Sources, troubledRig } from '../support/sources.ts';
import { smallSpec } from '../support/specs.ts';
import { until } from '../support/watching.ts';

let rig: Rig;
let proxy: FaultyProxy;
let sources: Sources;
let close: () => Promise<void>;
const taskQueue = 'attention';

beforeAll(async () => {
  ({ rig, proxy, sources, close } = await troubledRig(taskQueue));
});

afterAll(() => close());

const spec = (name: string, more: Partial<LoopSpecInput> = {}) => smallSpec(name, sources, more);

const begin = (more: LoopSpecInput) => start(rig, { taskQueue, spec: more });

describe('what an operator can mend', () => {
  it('waits as needs-attention with headline and command, and goes on after retry', async () => {
    proxy.rule(({ method, path }) =>
      method === 'PUT' && path.includes('/models/wrong-key') ? { status: 401, code: '401' } : null,
    );
    const { handle } = await begin(spec('wrong-key'));
    const seen = await until(handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.attention).toMatchObject({ type: 'ServiceUnauthorized', step: 'train', round: 1 });
    expect(seen.next).toContain('deltaloop resolve wrong-key retry');
    proxy.rule(null);
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'a tester' }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 1 });
    expect(await billed(rig, 'wrong-key')).toHaveLength(1);
  });

  it('ends as stopped when the answer is stop, says who said so, and owes nothing for a training that never began', async () => {
    proxy.rule(({ method, path }) =>
      method === 'PUT' && path.includes('/models/no-more') ? { status: 400, code: 'InvalidRequest' } : null,
    );
    const { handle } = await begin(spec('no-more'));
    await until(handle, ({ phase }) => phase === 'needs-attention');
    await handle.executeUpdate(resolve, { args: [{ answer: 'stop', by: 'a tester', reason: 'enough' }] });
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'stopped', billedMinutes: 0 });
    expect(result.sentence).toContain('by a tester: enough');
  });

  it('rides out an outage by itself, honouring Retry-After, without asking anybody', async () => {
    let failures = 3;
    proxy.rule(({ path }) => {
      if (!path.includes('/datasets/outage-r1') || failures === 0) return null;
      failures -= 1;
      return { status: failures === 0 ? 429 : 503, code: 'busy', headers: { 'retry-after': '0' } };
    });
    const { handle } = await begin(spec('outage'));
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
    expect(failures).toBe(0);
  });

  it('asks when the evaluation set has changed, and goes on when it is put back', async () => {
    const { handle, folder } = await begin(spec('yardstick', { caps: { rounds: 2 } }));
    const images = folder.resolve('evaluation/images');
    await until(handle, ({ phase }) => phase !== 'preparing');
    await rename(images, `${images}-away`);
    const seen = await until(handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.attention).toMatchObject({ type: 'EvaluationSetChanged', step: 'evaluate' });
    await rename(`${images}-away`, images);
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 2 });
  });

  it('refuses before anything is spent when the evaluation folder overlaps the pool, naming the files', async () => {
    const { handle } = await begin(spec('overlap', { evaluation: { path: sources.collector.path } }));
    const seen = await until(handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.attention).toMatchObject({ type: 'DatasetChecksFailed', step: 'prepare' });
    expect(seen.attention?.message).toContain('leak-exact');
    await handle.executeUpdate(resolve, { args: [{ answer: 'stop' }] });
    expect(await billed(rig, 'overlap')).toEqual([]);
    await handle.result();
  });

  it('trains again under a new name only by an answer, after the service reported the model as gone', async () => {
    proxy.rule(({ method, path }) =>
      method === 'GET' && /\/models\/gone-r1-[0-9a-f]+-1$/.test(path) ? { status: 404, code: 'NotFound' } : null,
    );
    const { handle } = await begin(spec('gone'));
    const seen = await until(handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.attention?.type).toBe('ModelGone');
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    const result = await handle.result();
    expect(result.recommended?.model).toMatch(/^gone-r1-[0-9a-f]{12}-2$/);
    expect(result.billedMinutes).toBeGreaterThanOrEqual(60);
  });

  it('answers resolve with a refusal when it waits for nothing', async () => {
    proxy.rule(({ method, path }) =>
      method === 'PUT' && path.includes('/models/patient') ? { status: 503, code: 'busy' } : null,
    );
    const { handle } = await begin(spec('patient'));
    await until(handle, ({ phase }) => phase === 'training');
    const refused = handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    await expect(refused).rejects.toMatchObject({ cause: { message: expect.stringContaining('waits for no answer') } });
    proxy.rule(null);
    await handle.result();
  });
});

describe('an outage', () => {
  const outage = (loop: string) =>
    proxy.rule(({ method, path }) =>
      method === 'PUT' && path.includes(`/models/${loop}-r`) ? { status: 503, code: 'busy' } : null,
    );

  it('does not keep stop --now waiting, and no training begins after it', async () => {
    outage('down');
    const { handle } = await begin(spec('down'));
    await until(handle, ({ phase }) => phase === 'training');
    await handle.executeUpdate(stop, { args: [{ now: true, by: 'a tester' }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'stopped', billedMinutes: 0 });
    proxy.rule(null);
    expect(await billed(rig, 'down')).toEqual([]);
  });

  it('does not carry a loop past its deadline', async () => {
    outage('too-long');
    const { handle } = await start(rig, { taskQueue, spec: spec('too-long'), deadline: Date.now() + 4000 });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'deadline', rounds: 0, billedMinutes: 0 });
    proxy.rule(null);
    expect(await billed(rig, 'too-long')).toEqual([]);
  });

  it('that never ends counts a training in flight as spent, and lets the loop end', async () => {
    proxy.rule(({ method, path }) =>
      method === 'GET' && path.includes('/models/lost-r') ? { status: 503, code: 'busy' } : null,
    );
    const { handle } = await begin(spec('lost'));
    await until(handle, ({ phase }) => phase === 'training');
    await handle.executeUpdate(stop, { args: [{ now: true, by: 'a tester' }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'stopped', billedMinutes: 60 });
    proxy.rule(null);
  });

  it('of one moment does not make a running training count as gone', async () => {
    const since = Date.now();
    let blips = 0;
    proxy.rule(({ method, path }) => {
      if (method !== 'GET' || !path.includes('/models/blip-r') || path.includes('/evaluations/')) return null;
      // Longer under way than a model may be missing: then one look finds nothing, and the next finds it again.
      if (Date.now() - since < 3000 || blips > 0) return blips > 0 ? null : { status: 503, code: 'busy' };
      blips += 1;
      return { status: 404, code: 'NotFound' };
    });
    const { handle } = await begin(spec('blip'));
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 1 });
    expect(blips).toBe(1);
    expect(await billed(rig, 'blip')).toHaveLength(1);
  });
});

describe('answers that come too late', () => {
  it('are refused: the first one counts', async () => {
    const { handle } = await begin(spec('two-answers', { evaluation: { path: sources.collector.path } }));
    await until(handle, ({ phase }) => phase === 'needs-attention');
    const answers = await Promise.allSettled([
      handle.executeUpdate(resolve, { args: [{ answer: 'stop', by: 'ann' }] }),
      handle.executeUpdate(resolve, { args: [{ answer: 'retry', by: 'bob' }] }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    if ((await handle.describe()).status.name === 'RUNNING' && answers[0]?.status === 'rejected')
      await handle.executeUpdate(stop, { args: [{ now: true }] });
    await handle.result();
  });

  it('are refused while the end is being written down', async () => {
    const { handle, folder } = await begin(spec('ending'));
    await until(handle, ({ phase }) => phase !== 'preparing');
    // Something else stands where the outcome will be written.
    await folder.writeJsonOnce('outcome.json', { not: 'an outcome' });
    await until(handle, ({ phase, attention }) => phase === 'needs-attention' && attention?.step === 'finish');
    for (const late of [pause, stop])
      await expect(handle.executeUpdate(late, { args: [{}] })).rejects.toMatchObject({
        cause: { message: expect.stringContaining('is ending') },
      });
    await rename(folder.resolve('outcome.json'), folder.resolve('outcome-away.json'));
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
  });
});

describe('a worker that is stopped in good order', () => {
  it('hands a running training over to the next one, without asking anybody', async () => {
    const services = profiles({ url: proxy.url, key: rig.service.key });
    const queue = 'handed-over';
    const stopFirst = await rig.work(queue, services);
    const release = holdTraining(proxy, 'handed-over');
    const { handle } = await start(rig, { taskQueue: queue, spec: spec('handed-over') });
    await until(handle, ({ phase }) => phase === 'training');
    await stopFirst();
    const stopSecond = await rig.work(queue, services);
    const seen = await until(handle, () => true);
    expect(seen).toMatchObject({ phase: 'training', attention: null });
    release();
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 1 });
    expect(await billed(rig, 'handed-over')).toHaveLength(1);
    await stopSecond();
  });
});

describe('a file of the loop’s folder', () => {
  it('that was edited in mid-loop is noticed, and the loop goes on when it is put back', async () => {
    const release = holdTraining(proxy, 'edited');
    const { handle, folder } = await begin(spec('edited'));
    await until(handle, ({ phase }) => phase === 'training');
    const original = await readFile(folder.resolve('spec.json'), 'utf8');
    await writeFile(folder.resolve('spec.json'), original.replace('"margin": 0.01', '"margin": 0.5'));
    release();
    const seen = await until(handle, ({ phase }) => phase === 'needs-attention');
    expect(seen.attention).toMatchObject({ type: 'FolderConflict' });
    await writeFile(folder.resolve('spec.json'), original);
    await handle.executeUpdate(resolve, { args: [{ answer: 'retry' }] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
  });
});

describe('predictions of the evaluation set', () => {
  it('go on after a failure where they stopped, instead of beginning again', async () => {
    let answered = 0;
    let failed = false;
    proxy.rule(({ path }) => {
      if (!path.endsWith('imageanalysis:analyze')) return null;
      answered += 1;
      if (answered < 20 || failed) return null;
      failed = true;
      return { status: 503, code: 'busy' };
    });
    const { handle, folder } = await begin(spec('resumed'));
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit' });
    expect(failed).toBe(true);
    // 30 images; those under way beside the one that failed may be asked for again.
    expect(answered).toBeLessThan(30 + 10);
    const verdicts = await folder.readRecord('rounds/1/verdicts-1.json', VerdictsFileSchema);
    expect(verdicts?.accuracyTop1).toMatch(/^[01]{30}$/);
  });
});

describe('a deadline', () => {
  it('that passes during a training lets it be awaited, evaluated and decided before the loop ends', async () => {
    const release = holdTraining(proxy, 'in-flight');
    const deadline = Date.now() + 4000;
    const { handle } = await start(rig, { taskQueue, spec: spec('in-flight', { caps: { rounds: 9 } }), deadline });
    await until(handle, ({ phase }) => phase === 'training' && Date.now() > deadline);
    release();
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'deadline', rounds: 1 });
    expect(result.recommended?.round).toBe(1);
  });

  it('that has passed does not take away a target that was met', async () => {
    const release = holdTraining(proxy, 'just-met');
    const deadline = Date.now() + 4000;
    const met = spec('just-met', { target: 0.05, claim: 'measured' });
    const { handle } = await start(rig, { taskQueue, spec: met, deadline });
    await until(handle, ({ phase }) => phase === 'training' && Date.now() > deadline);
    release();
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'target-reached' });
  });
});

describe('people at the controls', () => {
  it('pause before the next step that spends, and never a running training', async () => {
    const release = holdTraining(proxy, 'paused');
    const { handle } = await begin(spec('paused', { caps: { rounds: 2 } }));
    await until(handle, ({ phase }) => phase === 'training');
    await handle.executeUpdate(pause, { args: [{ by: 'a tester', reason: 'lunch' }] });
    release();
    const seen = await until(handle, ({ phase }) => phase === 'paused');
    expect(seen.rounds).toHaveLength(1);
    expect(seen.state).toContain('Paused by a tester: lunch');
    await handle.executeUpdate(resume, { args: [{}] });
    await expect(handle.result()).resolves.toMatchObject({ outcome: 'round-limit', rounds: 2 });
  });

  it('stop after the running step, keeping what it paid for', async () => {
    const release = holdTraining(proxy, 'halt');
    const { handle } = await begin(spec('halt', { caps: { rounds: 9 } }));
    await until(handle, ({ phase }) => phase === 'training');
    await handle.executeUpdate(stop, { args: [{ by: 'a tester' }] });
    release();
    const result = await handle.result();
    expect(result.outcome).toBe('stopped');
    expect(result.billedMinutes).toBe(1);
  });

  it.each(['stop --now', 'Cancel in Temporal'])(
    '%s cancels the training at the service and settles it',
    async (way) => {
      const name = way === 'stop --now' ? 'now' : 'cancel';
      const release = holdTraining(proxy, name);
      const { handle } = await begin(spec(name));
      await until(handle, ({ phase }) => phase === 'training');
      // The phase begins before the service has the training; only then is there one to cancel.
      await vi.waitUntil(
        () => proxy.seen.some((call) => call.startsWith('GET') && call.includes(`/models/${name}-r`)),
        10_000,
      );
      if (name === 'now') await handle.executeUpdate(stop, { args: [{ now: true, by: 'a tester' }] });
      else await handle.cancel();
      release();
      if (name === 'now') await expect(handle.result()).resolves.toMatchObject({ outcome: 'stopped' });
      else await expect(handle.result()).rejects.toThrow('cancelled');
      const [model] = await billed(rig, name);
      expect(['cancelled', 'succeeded']).toContain(model?.status);
      const folder = rig.folder(name);
      expect(await folder.readJson('outcome.json')).toMatchObject({
        outcome: 'stopped',
        billedMinutes: model?.minutes,
      });
    },
  );
});
