import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { startNodeService } from '../../dev/node-service.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';
import { localEnvironment } from '../../dev/temporal-types.ts';
import { bundleWorkflows } from '../../worker/workers.ts';
import { Kept } from './kept.ts';
import { type RecordingProxy, recordingProxy } from './proxy.ts';
import { RequestLog } from './request-log.ts';

export const TASK_QUEUE = 'chaos';
/** Minutes billed for a second of compute: a training of a moment then costs what a cap of hours can feel. */
const MINUTES_PER_SECOND = '30';
/** Node, and what the programs need to find it. */
const PLAIN = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'XDG_CACHE_HOME'];

/** The processes of a series of runs, and how to reach them. */
export interface Stage {
  folder: string;
  /** What client, workers and service share. */
  home: string;
  client: Client;
  /** For the commands' own client code. */
  env: NodeJS.ProcessEnv;
  bundle: { codePath: string };
  proxy: RecordingProxy;
  requests: RequestLog;
  temporal: Kept;
  service: Kept;
  workers: [Kept, Kept];
  /** They may occur nowhere but in the environment of the processes. */
  secrets: { key: string; spare: string };
  /** The service itself, past the proxy. */
  direct: { url: string; key: string };
  diskFullFile: string;
  clockFiles: [string, string];
  logs: string;
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

interface Parts extends Pick<Stage, 'folder' | 'home' | 'logs' | 'bundle' | 'secrets'> {
  stops: (() => Promise<void>)[];
  signal: AbortSignal | undefined;
}

async function startAll(parts: Parts): Promise<Stage> {
  const { folder, home, logs, bundle, secrets, stops } = parts;
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
    ...{ folder, home, logs, bundle, secrets, proxy, requests, workers, diskFullFile, clockFiles },
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

function plain(): NodeJS.ProcessEnv {
  return Object.fromEntries(PLAIN.map((name) => [name, process.env[name]]));
}

async function keepTemporal({ home, signal, stops }: Parts): Promise<{ kept: Kept; address: string }> {
  const env = localEnvironment(process.env);
  const options = { home, env, say: () => undefined, signal };
  const first = await startTemporalServer({ ...options, ports: { grpc: 0, ui: 0 } });
  const ports = { grpc: Number(first.address.split(':')[1]), ui: Number(new URL(first.uiUrl).port) };
  let next: typeof first | null = first;
  const kept = new Kept(async () => {
    const server = next ?? (await startTemporalServer({ ...options, ports }));
    next = null;
    if (server.address === first.address) return server;
    await server.stop();
    throw new Error(`another program listens on ${first.address} now`);
  });
  stops.push(() => kept.stop());
  await kept.up();
  return { kept, address: first.address };
}

async function keepService({
  folder,
  home,
  logs,
  secrets,
  signal,
  stops,
}: Parts): Promise<{ kept: Kept; url: string }> {
  let [port, url] = ['0', ''];
  const kept = new Kept(async () => {
    const service = await startNodeService({
      name: 'vision-service',
      entry: program('../../vision-service/main.ts'),
      logs,
      signal,
      env: {
        ...plain(),
        DELTALOOP_HOME: home,
        DELTALOOP_VISION_ROOTS: folder,
        DELTALOOP_VISION_KEY: secrets.key,
        DELTALOOP_VISION_PORT: port,
        DELTALOOP_VISION_BACKBONE: 'classical',
        DELTALOOP_VISION_THREADS: '1',
        DELTALOOP_VISION_BILLED_MINUTES_PER_SECOND: MINUTES_PER_SECOND,
      },
    });
    url = String(service.ready['url']);
    port = new URL(url).port;
    return service;
  });
  stops.push(() => kept.stop());
  await kept.up();
  return { kept, url };
}

function keepWorker(
  {
    home,
    logs,
    bundle,
    secrets,
    signal,
    temporal,
    url,
    diskFullFile,
  }: Parts & { temporal: string; url: string; diskFullFile: string },
  clockFile: string,
): Kept {
  const name = `worker-${clockFile.at(-1)}`;
  return new Kept(() =>
    startNodeService({
      name,
      entry: program('./worker.ts'),
      logs,
      signal,
      env: {
        ...plain(),
        TEMPORAL_ADDRESS: temporal,
        DELTALOOP_HOME: home,
        DELTALOOP_TASK_QUEUE: TASK_QUEUE,
        DELTALOOP_VISION_URL: url,
        DELTALOOP_VISION_KEY: secrets.key,
        DELTALOOP_VISION_SPARE_URL: url,
        DELTALOOP_VISION_SPARE_KEY: secrets.spare,
        DELTALOOP_WORKFLOW_BUNDLE: bundle.codePath,
        DELTALOOP_FAULT_DISK_FULL_FILE: diskFullFile,
        CHAOS_CLOCK_FILE: clockFile,
      },
    }),
  );
}

function program(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
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
