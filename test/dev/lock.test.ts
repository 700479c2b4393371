import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type LockOptions, withLock } from '../../dev/lock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Above the largest process id of any system in use. */
const NO_PROCESS = 2 ** 30;

function options(said: string[] = []): LockOptions {
  return { waiting: 'waiting', timeoutMs: 20_000, pollMs: 5, say: (line) => said.push(line) };
}

test('many holders of one lock work one after another, and nothing is left behind', async () => {
  const folder = await temporaryFolder();
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await readFile(import.meta.filename);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 8 }, () => withLock(join(folder, 'lock'), options(), work)));
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test.for([
  ['of a process that is gone', JSON.stringify({ pid: NO_PROCESS, host: hostname() })],
  ['that holds no owner', 'half-writ'],
])('a lock %s is broken', async ([, content = '']) => {
  const lock = join(await temporaryFolder(), 'lock');
  await writeFile(lock, content);
  expect(await withLock(lock, options(), async () => 'done')).toBe('done');
});

test('a lock of another machine is broken once it shows no sign of life for a minute', async () => {
  const lock = join(await temporaryFolder(), 'lock');
  await writeFile(lock, JSON.stringify({ pid: 1, host: 'elsewhere' }));
  const impatient = { ...options(), timeoutMs: 0 };
  await expect(withLock(lock, impatient, async () => 'done')).rejects.toThrow('still held');
  const old = new Date(Date.now() - 120_000);
  await utimes(lock, old, old);
  expect(await withLock(lock, impatient, async () => 'done')).toBe('done');
});

test('waiting for a living owner is said once and ends with an error that names the file', async () => {
  const lock = join(await temporaryFolder(), 'lock');
  await writeFile(lock, JSON.stringify({ pid: process.pid, host: hostname() }));
  const said: string[] = [];
  await expect(withLock(lock, { ...options(said), timeoutMs: 30 }, async () => 'done')).rejects.toThrow(lock);
  expect(said).toEqual(['waiting']);
});

test('the wait is told even when the first look used up the timeout', async () => {
  const lock = join(await temporaryFolder(), 'lock');
  await writeFile(lock, JSON.stringify({ pid: process.pid, host: hostname() }));
  const said: string[] = [];
  await expect(withLock(lock, { ...options(said), timeoutMs: -1 }, async () => 'done')).rejects.toThrow(lock);
  expect(said).toEqual(['waiting']);
});

test('a failure inside frees the lock', async () => {
  const lock = join(await temporaryFolder(), 'lock');
  await expect(withLock(lock, options(), () => Promise.reject(new Error('inside')))).rejects.toThrow('inside');
  expect(await withLock(lock, options(), async () => 'done')).toBe('done');
});
