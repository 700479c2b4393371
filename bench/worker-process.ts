import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type NodeService, startNodeService } from '../dev/node-service.ts';
import type { Ground } from './ground.ts';
import type { StubService } from './stub-service.ts';

const MAIN = fileURLToPath(new URL('../worker/main.ts', import.meta.url));

/** The worker as it runs in production, in a process of its own. */
export function startWorkerProcess(
  ground: Ground,
  { url, key }: Pick<StubService, 'url' | 'key'>,
  { name, taskQueue, env = {} }: { name: string; taskQueue: string; env?: NodeJS.ProcessEnv },
): Promise<NodeService> {
  return startNodeService({
    name,
    entry: MAIN,
    logs: join(ground.home, 'logs'),
    env: {
      PATH: process.env['PATH'],
      TEMPORAL_ADDRESS: ground.address,
      DELTALOOP_HOME: ground.home,
      DELTALOOP_TASK_QUEUE: taskQueue,
      DELTALOOP_VISION_URL: url,
      DELTALOOP_VISION_KEY: key,
      DELTALOOP_WORKFLOW_BUNDLE: ground.bundlePath,
      DELTALOOP_LOG_LEVEL: 'error',
      ...env,
    },
  });
}

/** Resident memory of a process now and at its highest, bytes. Linux only: the kernel keeps the highest. */
export async function memoryOf(pid: number | undefined): Promise<{ now: number; highest: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { now: kilobytes('VmRSS') * 1024, highest: kilobytes('VmHWM') * 1024 };
}
