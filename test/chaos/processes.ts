import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startNodeService } from '../../dev/node-service.ts';
import { startTemporalServer } from '../../dev/temporal-server.ts';
import { localEnvironment } from '../../dev/temporal-types.ts';
import { Kept } from './kept.ts';
import { FAILING_TRAININGS } from './plan-loops.ts';

export const TASK_QUEUE = 'chaos';
/** Minutes billed for a second of compute: a training of a moment then costs what a cap of hours can feel. */
const MINUTES_PER_SECOND = '30';
/** Node, and what the programs need to find it. */
const PLAIN = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'XDG_CACHE_HOME'];

/** What the processes of a stage share. */
export interface Parts {
  folder: string;
  /** What client, workers and service share. */
  home: string;
  logs: string;
  bundle: { codePath: string };
  /** They may occur nowhere but in the environment of the processes. */
  secrets: { key: string; spare: string };
  /** How to end what was started, in the order of starting. */
  stops: (() => Promise<void>)[];
  signal: AbortSignal | undefined;
}

/** An environment without any setting of its caller. */
export function plain(): NodeJS.ProcessEnv {
  return Object.fromEntries(PLAIN.map((name) => [name, process.env[name]]));
}

/** The Temporal server, with a database file; every start is on the same port and file. */
export async function keepTemporal({ home, signal, stops }: Parts): Promise<{ kept: Kept; address: string }> {
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

/** The vision service; every start is on the same port and database. */
export async function keepService({
  folder,
  home,
  logs,
  secrets,
  signal,
  stops,
}: Parts): Promise<{ kept: Kept; url: string }> {
  let [port, url] = ['0', ''];
  const faults = join(folder, 'faults.json');
  await writeFile(faults, JSON.stringify(FAILING_TRAININGS));
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
        // It takes faults only where that says that it is under test.
        NODE_ENV: 'test',
        DELTALOOP_VISION_FAULTS: faults,
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

/** One of the workers, not started yet. */
export function keepWorker(
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
