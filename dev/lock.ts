import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive } from './run-command.ts';
import type { Say } from './say.ts';

const HEARTBEAT_MS = 5_000;
const STALE_MS = 60_000;

export interface LockOptions {
  /** Told once, when another process holds the lock. */
  waiting: string;
  /** Waiting ends with an error after this many milliseconds. */
  timeoutMs: number;
  say: Say;
  signal?: AbortSignal | undefined;
  pollMs?: number;
}

/**
 * Runs `work` while holding a lock file, so that two starts at once do not do the same work twice.
 * A lock whose process is gone, or that shows no sign of life for a minute, is broken.
 * @throws Error when another process still holds the lock after `timeoutMs`, naming the file
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const mine = `${JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() })}\n`;
  await acquire(path, mine, options);
  const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => undefined), HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await contentOf(path)) === mine) await rm(path, { force: true });
  }
}

async function acquire(path: string, mine: string, options: LockOptions): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const until = Date.now() + options.timeoutMs;
  for (let told = false; !(await tryCreate(path, mine)); ) {
    if (await breakIfStale(path)) continue;
    // Told before the clock is asked: on a slow disk the first look alone may use up a short timeout.
    if (!told) options.say(options.waiting);
    told = true;
    if (Date.now() > until)
      throw new Error(`${path} is still held by another process. If none runs, delete that file.`);
    await delay(options.pollMs ?? 250, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** `link` creates the lock with its content in one step, so that nobody ever reads half of it. */
async function tryCreate(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function breakIfStale(path: string): Promise<boolean> {
  const seen = await contentOf(path);
  if (seen === undefined) return true;
  if (!(await isStale(path, seen))) return false;
  const aside = `${path}.${randomUUID()}`;
  await rename(path, aside).catch(() => undefined);
  // Another waiter may have broken the stale lock first and taken it: what we moved is then theirs.
  if ((await contentOf(aside)) !== seen) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  return true;
}

async function isStale(path: string, content: string): Promise<boolean> {
  const age = await stat(path).then(
    (found) => Date.now() - found.mtimeMs,
    () => 0,
  );
  if (age > STALE_MS) return true;
  const owner = parseOwner(content);
  return owner === undefined || (owner.host === hostname() && !isAlive(owner.pid));
}

function parseOwner(content: string): { pid: number; host: string } | undefined {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('host' in value)) return undefined;
    const { pid, host } = value;
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined;
  } catch {
    return undefined;
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}
