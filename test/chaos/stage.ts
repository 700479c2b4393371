import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflows } from '../../worker/bundles.ts';
import type { Kept } from './kept.ts';
import { keepService, keepTemporal, keepWorker, type Parts, plain, TASK_QUEUE } from './processes.ts';
import { type RecordingProxy, recordingProxy } from './proxy.ts';
import { RequestLog } from './request-log.ts';

/** The processes of a series of runs, and how to reach them. */
export interface Stage extends Omit<Parts, 'stops' | 'signal'> {
  client: Client;
  /** For the commands' own client code. */
  env: NodeJS.ProcessEnv;
  proxy: RecordingProxy;
  requests: RequestLog;
  temporal: Kept;
  service: Kept;
  workers: [Kept, Kept];
  /** The service itself, past the proxy. */
  direct: { url: string; key: string };
  diskFullFile: string;
  clockFiles: [string, string];
  close(): Promise<void>;
}

/** Starts a Temporal server with a database file, the vision service, and two workers behind a recording proxy. */
export async function createStage(folder: string, signal?: AbortSignal): Promise<Stage> {
  const [home, logs] = [join(folder, 'home'), join(folder, 'logs')];
  await mkdir(home, { recursive: true, mode: 0o700 });
  const bundle = { codePath: join(folder, 'workflows.js') };
  await writeFile(bundle.codePath, (await bundleWorkflows()).code);
  const secrets = { key: `key-${randomUUID()}`, spare: `spare-${randomUUID()}` };
  const stops: (() => Promise<void>)[] = [];
  try {
    return await startAll({ folder, home, logs, bundle, secrets, stops, signal });
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

async function startAll(parts: Parts): Promise<Stage> {
  const { folder, home, secrets, stops } = parts;
  const temporal = await keepTemporal(parts);
  const service = await keepService(parts);
  const requests = new RequestLog(join(folder, 'requests.jsonl'));
  stops.push(async () => requests.close());
  const proxy = await recordingProxy(service.url, requests);
  stops.push(() => proxy.close());
  const diskFullFile = join(folder, 'disk-full');
  const clockFiles: Stage['clockFiles'] = [join(folder, 'clock-1'), join(folder, 'clock-2')];
  const at = { ...parts, temporal: temporal.address, url: proxy.url, diskFullFile };
  const workers: Stage['workers'] = [keepWorker(at, clockFiles[0]), keepWorker(at, clockFiles[1])];
  stops.push(async () => void (await Promise.all(workers.map((worker) => worker.stop()))));
  await Promise.all(workers.map((worker) => worker.up()));
  const connection = await Connection.connect({ address: temporal.address });
  stops.push(() => connection.close());
  return {
    ...parts,
    proxy,
    requests,
    workers,
    diskFullFile,
    clockFiles,
    client: new Client({ connection }),
    env: { ...plain(), DELTALOOP_HOME: home, TEMPORAL_ADDRESS: temporal.address, DELTALOOP_TASK_QUEUE: TASK_QUEUE },
    temporal: temporal.kept,
    service: service.kept,
    direct: { url: service.url, key: secrets.key },
    close: () => stopAll(stops),
  };
}

/** In reverse order of starting; one that cannot be stopped does not keep the others. */
async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop().catch(() => undefined);
}

/** Everything up and nothing disturbed: how a run begins, and how it ends. */
export async function calm({ proxy, temporal, service, workers, diskFullFile, clockFiles }: Stage): Promise<void> {
  proxy.calm();
  for (const file of [diskFullFile, ...clockFiles]) await rm(file, { force: true });
  for (const worker of workers) worker.signal('SIGCONT');
  await temporal.up();
  await service.up();
  await Promise.all(workers.map((worker) => worker.up()));
}
