import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Child } from '../../dev/child.ts';
import { KeptAlive, type Running } from '../../dev/kept-alive.ts';
import { startNodeService } from '../../dev/node-service.ts';
import { choosePort } from '../../dev/ports.ts';
import { isAlive, runCommand } from '../../dev/run-command.ts';
import { serviceKey } from '../../dev/service-key.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { script } from './support/fakes.ts';

/** Starts a shell script as a child and waits for its first line. */
async function started(folder: string, body: string): Promise<{ child: Child; line: string }> {
  const command = await script(join(folder, 'program'), body);
  const child = await Child.start({ name: 'program', command, args: [], env: process.env, logs: join(folder, 'logs') });
  const line = await new Promise<string>((resolve) => child.onLine(resolve));
  return { child, line };
}

/** A process that ended is seen until its parent, here the system's first process, has taken note of it. */
async function untilGone(pid: number): Promise<void> {
  await expect.poll(() => isAlive(pid), { timeout: 30_000 }).toBe(false);
}

test('a child is stopped with the helpers that it started, and its output is in a log that only its owner reads', async () => {
  const folder = await temporaryFolder();
  const { child, line } = await started(folder, 'sleep 600 & echo $!; echo oops >&2; wait');
  expect(isAlive(Number(line))).toBe(true);
  expect(await child.stop(10_000)).toBe('SIGTERM');
  await untilGone(Number(line));
  expect(await readFile(child.logFile, 'utf8')).toContain('oops');
  expect((await stat(child.logFile)).mode & 0o777).toBe(0o600);
});

test('a child that does not listen is killed', async () => {
  const { child } = await started(await temporaryFolder(), 'trap "" TERM; echo up; while :; do sleep 1; done');
  expect(await child.stop(50)).toBe('SIGKILL');
});

test('the helpers of a child that crashes do not outlive it', async () => {
  const { child, line } = await started(await temporaryFolder(), 'sleep 600 & echo $!; exit 4');
  expect(await child.ended).toBe('code 4');
  await untilGone(Number(line));
});

test('a process that is killed outright leaves no child behind', async () => {
  const folder = await temporaryFolder();
  const command = await script(join(folder, 'program'), 'echo $$; exec sleep 600');
  const parent = spawn(
    process.execPath,
    [join(import.meta.dirname, 'support', 'parent.ts'), command, join(folder, 'logs')],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [chunk] = await once(parent.stdout, 'data');
  const pid = Number(String(chunk));
  expect(isAlive(pid)).toBe(true);
  parent.kill('SIGKILL');
  await untilGone(pid);
});

test.for([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s lets work end in order and gives the exit code %i', async ([name, code]) => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'support', 'interrupted.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += String(chunk);
    if (said === 'working\n') child.kill(name);
  });
  const [exitCode] = await once(child, 'close');
  expect(exitCode).toBe(code);
  expect(said).toBe('working\ntidied up\n');
});

test('a command that takes too long is ended with its helpers, and that is told', async () => {
  const result = await runCommand('/bin/sh', ['-c', 'sleep 600 & echo $!; wait'], { timeoutMs: 100 });
  expect(result).toMatchObject({ ok: false, problem: 'no end after 0.1 s' });
  await untilGone(Number(result.output));
});

test('a program is ready when it says so, whatever it prints before', async () => {
  const folder = await temporaryFolder();
  const entry = join(import.meta.dirname, 'support', 'service.ts');
  const plan = { name: 'service', entry, logs: folder };
  const service = await startNodeService({ ...plan, env: { ...process.env, MODE: 'good' } });
  expect(service.ready).toEqual({ ready: true, url: 'http://127.0.0.1:1' });
  await service.stop();
  await expect(startNodeService({ ...plan, env: { ...process.env, MODE: 'bad' } })).rejects.toThrow(
    /service does not come up: it ended with code 3[\s\S]*no key in the environment[\s\S]*service\.log/,
  );
});

/** Something that runs until `end` is called. */
function runner(): Running & { end: (how: string) => void; stopped: boolean } {
  const { promise, resolve } = Promise.withResolvers<string>();
  const running = {
    ended: promise,
    end: resolve,
    stopped: false,
    stop: async () => {
      running.stopped = true;
      resolve('stopped');
    },
  };
  return running;
}

test('what crashes is started again, also when a start fails, and each step is said', async () => {
  const first = runner();
  const second = runner();
  const starts = [() => Promise.reject(new Error('port taken')), async () => second];
  const said: string[] = [];
  const start = (): Promise<Running> => starts.shift()?.() ?? Promise.reject(new Error('no more'));
  const kept = new KeptAlive(first, { name: 'The worker', say: (line) => said.push(line), start, firstWaitMs: 1 });
  first.end('code 1');
  await expect.poll(() => said.at(-1)).toBe('The worker runs again');
  await kept.stop();
  expect(second.stopped).toBe(true);
  expect(said).toEqual([
    'The worker ended with code 1; starting it again in 0 s',
    'The worker does not start: port taken; starting it again in 0 s',
    'The worker runs again',
  ]);
});

test('what is stopped while it is being started again is stopped as soon as it is there', async () => {
  const first = runner();
  const second = runner();
  const gate = Promise.withResolvers<Running>();
  const begun = Promise.withResolvers<void>();
  const start = (): Promise<Running> => {
    begun.resolve();
    return gate.promise;
  };
  const kept = new KeptAlive(first, { name: 'The worker', say: () => undefined, start, firstWaitMs: 1 });
  first.end('code 1');
  await begun.promise;
  const stopping = kept.stop();
  gate.resolve(second);
  await stopping;
  expect(second.stopped).toBe(true);
});

test('a port that is taken is replaced by a free one, which is said', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const taken = typeof address === 'object' && address ? address.port : 0;
  const said: string[] = [];
  const port = await choosePort('Temporal', taken, (line) => said.push(line));
  server.close();
  expect(port).not.toBe(taken);
  expect(said).toEqual([`Temporal: port ${taken} is taken, using ${port}`]);
});

test('the key of a home is made once, long, and readable by its owner only', async () => {
  const home = await temporaryFolder();
  const key = await serviceKey(home);
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  expect(await serviceKey(home)).toBe(key);
  expect(await serviceKey(await temporaryFolder())).not.toBe(key);
  expect((await stat(join(home, 'vision-service', 'key'))).mode & 0o777).toBe(0o600);
});
