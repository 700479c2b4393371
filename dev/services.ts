import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDevFile } from '../client/dev-file.ts';
import { removeDevFile, writeDevFile } from './dev-file.ts';
import { KeptAlive } from './kept-alive.ts';
import { withLock } from './lock.ts';
import { type NodeService, startNodeService } from './node-service.ts';
import type { Say } from './say.ts';
import { serviceKey } from './service-key.ts';
import { answers, startTemporalServer } from './temporal-server.ts';
import { connectionEnvironment, localEnvironment, localNamespace, type TemporalServer } from './temporal-types.ts';

/** Longer than the longest way to a Temporal binary. */
const LOCK_MS = 30 * 60_000;

export interface ServicesOptions {
  home: string;
  say: Say;
  env: NodeJS.ProcessEnv;
  /** Backbone of the embedded vision service; its own default when left out. */
  backbone?: string | undefined;
  /** Wanted ports of the Temporal server, see `startTemporalServer`. */
  ports?: { grpc: number; ui: number };
  signal?: AbortSignal | undefined;
}

/** The Temporal server, vision service and worker of one home. */
export interface Services {
  temporalAddress: string;
  namespace: string;
  /** Address of the Temporal UI; empty when it is not known. */
  uiUrl: string;
  serviceUrl: string;
  /** Key of the vision service; never shown. */
  serviceKey: string;
  /** Whether this call started them; services of another process are left running by `stop`. */
  started: boolean;
  /** Process that keeps them up. */
  pid: number;
  stop(): Promise<void>;
}

/**
 * Starts the Temporal server, the embedded vision service and a worker for one home, or finds those that run for it.
 * Each runs in a process of its own with its log in `<home>/logs`, and is started again when it crashes. While they are
 * up, `<home>/dev.json` says where. With `DELTALOOP_VISION_URL` set, no vision service is started and that one is used.
 * @throws Error of the first one that does not come up; what was started before it is stopped again
 */
export async function startServices(options: ServicesOptions): Promise<Services> {
  await mkdir(options.home, { recursive: true, mode: 0o700 });
  const waiting = `Another start for ${options.home} is under way; waiting for it`;
  return withLock(
    join(options.home, 'dev.lock'),
    { say: options.say, signal: options.signal, timeoutMs: LOCK_MS, waiting },
    async () => {
      return (await findRunning(options)) ?? (await startAll(options));
    },
  );
}

async function findRunning({ home, env }: ServicesOptions): Promise<Services | undefined> {
  const running = await readDevFile(home);
  if (!running || !(await answers(running.temporalAddress))) return undefined;
  const wanted = env['TEMPORAL_ADDRESS'];
  if (wanted && wanted !== running.temporalAddress) {
    throw new Error(
      `The services of ${home} already run (process ${running.pid}) with the Temporal server ${running.temporalAddress}, not TEMPORAL_ADDRESS=${wanted}.\nStop them there with Ctrl-C, or unset TEMPORAL_ADDRESS.`,
    );
  }
  const key = env['DELTALOOP_VISION_URL'] ? (env['DELTALOOP_VISION_KEY'] ?? '') : await serviceKey(home);
  return { ...running, namespace: localNamespace(env), serviceKey: key, started: false, stop: async () => undefined };
}

async function startAll(options: ServicesOptions): Promise<Services> {
  const stops: (() => Promise<void>)[] = [];
  try {
    const temporal = await keepTemporal(options, stops);
    const vision = await keepVision(options, stops);
    await keepWorker(options, { temporal, vision }, stops);
    const addresses = { temporalAddress: temporal.address, uiUrl: temporal.uiUrl, serviceUrl: vision.url };
    stops.push(() => removeDevFile(options.home));
    await writeDevFile(options.home, { ...addresses, pid: process.pid });
    const more = { namespace: temporal.namespace, serviceKey: vision.key, started: true, pid: process.pid };
    return { ...addresses, ...more, stop: () => stopAll(stops) };
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

/** In reverse order of starting; one that cannot be stopped does not keep the others. */
async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const stop of stops.splice(0).reverse()) {
    await stop().catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw new AggregateError(errors, 'not everything could be stopped');
}

async function keepTemporal(options: ServicesOptions, stops: (() => Promise<void>)[]): Promise<TemporalServer> {
  const server = await startTemporalServer(options);
  if (!server.started) return server;
  const ports = { grpc: Number(server.address.split(':')[1]), ui: Number(new URL(server.uiUrl).port) };
  const start = async (signal: AbortSignal): Promise<TemporalServer> => {
    const next = await startTemporalServer({ ...options, ports, signal });
    if (next.address === server.address) return next;
    await next.stop();
    throw new Error(`another program listens on ${server.address} now`);
  };
  const kept = new KeptAlive(server, { name: 'The Temporal server', say: options.say, start });
  stops.push(() => kept.stop());
  return server;
}

interface VisionAccess {
  url: string;
  key: string;
}

async function keepVision(options: ServicesOptions, stops: (() => Promise<void>)[]): Promise<VisionAccess> {
  const { env, say } = options;
  const elsewhere = env['DELTALOOP_VISION_URL'];
  if (elsewhere) {
    say(`Vision service: using ${elsewhere} (DELTALOOP_VISION_URL); none is started here`);
    return { url: elsewhere, key: env['DELTALOOP_VISION_KEY'] ?? '' };
  }
  const key = await serviceKey(options.home);
  const first = await startVision(options, key, env['DELTALOOP_VISION_PORT'] ?? '0');
  const url = String(first.ready['url']);
  const start = (signal: AbortSignal): Promise<NodeService> =>
    startVision({ ...options, signal }, key, new URL(url).port);
  const kept = new KeptAlive(first, { name: 'The vision service', say, start });
  stops.push(() => kept.stop());
  say(`Vision service: ${url}`);
  return { url, key };
}

function startVision(options: ServicesOptions, key: string, port: string): Promise<NodeService> {
  const backbone = options.backbone ?? options.env['DELTALOOP_VISION_BACKBONE'];
  return startNodeService({
    name: 'vision-service',
    entry: program('vision-service'),
    logs: join(options.home, 'logs'),
    signal: options.signal,
    env: {
      ...localEnvironment(options.env),
      DELTALOOP_HOME: options.home,
      DELTALOOP_VISION_PORT: port,
      DELTALOOP_VISION_KEY: key,
      ...(backbone !== undefined && { DELTALOOP_VISION_BACKBONE: backbone }),
    },
  });
}

async function keepWorker(
  options: ServicesOptions,
  access: { temporal: TemporalServer; vision: VisionAccess },
  stops: (() => Promise<void>)[],
): Promise<void> {
  const start = (signal?: AbortSignal): Promise<NodeService> => startWorker({ ...options, signal }, access);
  const kept = new KeptAlive(await start(options.signal), { name: 'The worker', say: options.say, start });
  stops.push(() => kept.stop());
  options.say('Worker: ready');
}

function startWorker(
  options: ServicesOptions,
  { temporal, vision }: { temporal: TemporalServer; vision: VisionAccess },
): Promise<NodeService> {
  return startNodeService({
    name: 'worker',
    entry: program('worker'),
    logs: join(options.home, 'logs'),
    signal: options.signal,
    env: {
      // For links in notices; an address that the operator names goes before it.
      ...(temporal.uiUrl && { DELTALOOP_TEMPORAL_UI: temporal.uiUrl }),
      ...connectionEnvironment(options.env, temporal),
      DELTALOOP_HOME: options.home,
      DELTALOOP_VISION_URL: vision.url,
      DELTALOOP_VISION_KEY: vision.key,
    },
  });
}

/** The room's `main`, as source or, in a built package, compiled. */
function program(room: string): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../${room}/main.${extension}`, import.meta.url));
}
