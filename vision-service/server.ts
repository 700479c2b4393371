import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { getRequestListener } from '@hono/node-server';
import type { Logger } from 'pino';
import type { AccessRules } from './data-access/source.ts';
import { ServiceStartError } from './errors.ts';
import { ComputeLane } from './queue/compute-lane.ts';
import { EvaluationQueue } from './queue/evaluation-queue.ts';
import { BACKBONE_UNUSABLE, TaskFailure } from './queue/failure.ts';
import type { ThreadSettings } from './queue/protocol.ts';
import { TrainingQueue } from './queue/training-queue.ts';
import { createApp } from './routes/app.ts';
import type { ServiceParts } from './routes/parts.ts';
import { createStateFolder, lockState, openStore, statePaths } from './store/database.ts';
import { DatasetStore } from './store/datasets.ts';
import { EvaluationStore } from './store/evaluations.ts';
import { ModelStore } from './store/models.ts';

/** Requests that have not ended so long after the end was asked for are cut off. */
const CLOSE_MS = 3_000;

/**
 * How a service is set up. State lies in `<home>/vision-service`. Without other rules it reads files below the home, and
 * http(s) from public addresses.
 */
export interface VisionServiceOptions extends Partial<AccessRules> {
  home: string;
  key: string;
  /** `efficientnet-lite0`, `classical` or `onnx:<file>`. */
  backbone: string;
  /** 0 takes any free port. */
  port: number;
  host?: string;
  /** Threads for inference; 2 if not given. */
  threads?: number;
  log: Logger;
}

/** A service that answers. `url` is its origin; the contract lies below `/computervision`. */
export interface VisionService {
  url: string;
  port: number;
  /** Stops what runs and ends, once however often it is called; trainings under way are taken up by the next start. */
  close(): Promise<void>;
}

/**
 * Starts the embedded vision service and takes up the trainings and evaluations that its last run had not ended.
 *
 * @throws {ServiceStartError} when another service works on the same home, the backbone cannot be loaded, or the port is taken
 */
export async function createVisionService(options: VisionServiceOptions): Promise<VisionService> {
  const { host = '127.0.0.1' } = options;
  if (options.key === '') throw new ServiceStartError('The vision service needs a key; set DELTALOOP_VISION_KEY.');
  const { parts, closeParts } = openParts(options);
  try {
    const loaded = await parts.inference.run({ kind: 'warm-up' });
    const server = await listen(createApp(parts), { host, port: options.port });
    parts.trainings.resume();
    parts.evaluationRuns.wake();
    const address = addressOf(server);
    options.log.info({ ...address, ...loaded }, 'the vision service answers');
    let closed: Promise<void> | undefined;
    const close = () => {
      closed ??= closeServer(server).then(closeParts);
      return closed;
    };
    return { ...address, close };
  } catch (error) {
    await closeParts();
    throw asStartError(error, { host, port: options.port });
  }
}

/** What a person can mend gets a sentence of its own. */
function asStartError(error: unknown, at: { host: string; port: number }): unknown {
  if (error instanceof TaskFailure && error.code === BACKBONE_UNUSABLE) return new ServiceStartError(error.message);
  if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) return error;
  return new ServiceStartError(
    `Port ${at.port} of ${at.host} is taken by another process. Set DELTALOOP_VISION_PORT to a free port, or to 0 for any.`,
  );
}

function openParts(options: VisionServiceOptions): { parts: ServiceParts; closeParts: () => Promise<void> } {
  const { home, key, backbone, threads = 2, log } = options;
  const paths = statePaths(path.resolve(home));
  createStateFolder(paths);
  const lock = lockState(paths);
  const db = openStore(paths.store);
  const access = accessOf(options);
  const settings: ThreadSettings = {
    storeFile: paths.store,
    embeddingsFile: paths.embeddings,
    backbone,
    threads,
    access,
  };
  const [training, inference] = [new ComputeLane(settings), new ComputeLane(settings)];
  const stores = { datasets: new DatasetStore(db), models: new ModelStore(db), evaluations: new EvaluationStore(db) };
  const trainings = new TrainingQueue({ ...stores, lane: training, log });
  const evaluationRuns = new EvaluationQueue({ ...stores, lane: inference, log });
  const closeParts = async () => {
    await Promise.all([trainings.close(), evaluationRuns.close()]);
    await Promise.all([training.close(), inference.close()]);
    db.close();
    lock.release();
  };
  return { parts: { key, access, db, ...stores, trainings, evaluationRuns, inference, log }, closeParts };
}

function accessOf(options: VisionServiceOptions): AccessRules {
  const { home, allowedRoots = [path.resolve(home)], allowPrivate = false } = options;
  const { managedIdentity, credentialOrigins, connectionsPerHost, patience } = options;
  return { allowedRoots, allowPrivate, managedIdentity, credentialOrigins, connectionsPerHost, patience };
}

function listen(app: ReturnType<typeof createApp>, at: { host: string; port: number }): Promise<Server> {
  const answer = getRequestListener(app, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void answer(request, response));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function addressOf(server: Server): { url: string; port: number } {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${host}:${address.port}`, port: address.port };
}

/** Lets requests under way end, for a while; idle connections do not hold it up. */
function closeServer(server: Server): Promise<void> {
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_MS);
  return new Promise((resolve, reject) => {
    server.close((error) => {
      clearTimeout(timer);
      return error === undefined ? resolve() : reject(error);
    });
    server.closeIdleConnections();
  });
}
