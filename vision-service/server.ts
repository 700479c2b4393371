import path from 'node:path';
import type { Logger } from 'pino';
import type { AccessRules } from './data-access/source.ts';
import { ServiceStartError } from './errors.ts';
import { withFaults } from './faults/middleware.ts';
import { FaultPlan } from './faults/plan.ts';
import type { FaultRules } from './faults/schema.ts';
import { addressOf, closeServer, listen } from './http-server.ts';
import { DEFAULT_LIMITS, type ServiceLimits } from './limits.ts';
import { ComputeLane } from './queue/compute-lane.ts';
import { createEvaluationQueue } from './queue/evaluation-queue.ts';
import { BACKBONE_UNUSABLE, TaskFailure } from './queue/failure.ts';
import { createRecognitionQueue } from './queue/recognition-queue.ts';
import { TrainingQueue } from './queue/training-queue.ts';
import { createApp } from './routes/app.ts';
import { InFlightBytes } from './routes/in-flight.ts';
import type { ServiceParts } from './routes/parts.ts';
import { statePaths } from './store/database.ts';
import { openStores } from './store/open-stores.ts';
import { Telemetry } from './telemetry.ts';

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
  /** Trainings at a time; 1 if not given. Each takes the memory of one backbone more. */
  parallel?: number;
  /** Minutes billed for a measured second of compute; a minute for a minute if not given. */
  minutesPerSecond?: number;
  log: Logger;
  /** What is not given is as in DEFAULT_LIMITS. */
  limits?: Partial<ServiceLimits>;
  /** Faults on demand, for tests. There is no other way to them, and none over HTTP. */
  faults?: FaultRules;
}

/** A service that answers. `url` is its origin; the contract lies below `/computervision`. */
export interface VisionService {
  url: string;
  port: number;
  /**
   * Takes no more requests, lets those under way end, stops what runs and ends, once however often it is called. Trainings
   * under way are taken up by the next start.
   */
  close(): Promise<void>;
}

/**
 * Starts the embedded vision service and takes up what its last run had not ended.
 *
 * @throws {ServiceStartError} when another service works on the same home, the backbone cannot be loaded, or the port is taken
 */
export async function createVisionService(options: VisionServiceOptions): Promise<VisionService> {
  const { host = '127.0.0.1' } = options;
  if (options.key === '') throw new ServiceStartError('The vision service needs a key; set DELTALOOP_VISION_KEY.');
  const faults = options.faults && new FaultPlan(options.faults);
  const { parts, closeParts } = openParts(options, faults);
  try {
    const loaded = await parts.inference.run({ kind: 'warm-up' });
    const app = createApp(parts);
    const at = { host, port: options.port, limits: parts.limits };
    const server = await listen(faults === undefined ? app : withFaults(app, faults), at);
    parts.trainings.resume();
    parts.evaluationRuns.wake();
    parts.recognitionRuns.wake();
    const address = addressOf(server);
    options.log.info({ ...address, ...loaded }, 'the vision service answers');
    if (faults !== undefined) options.log.warn('faults on demand are on: this service is for tests');
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

function openParts(
  options: VisionServiceOptions,
  faults: FaultPlan | undefined,
): { parts: ServiceParts; closeParts: () => Promise<void> } {
  const { key, backbone, threads = 2, parallel = 1, minutesPerSecond, log } = options;
  const home = path.resolve(options.home);
  const { paths, stores, close } = openStores(home);
  const access = accessOf(options);
  const { store: storeFile, embeddings: embeddingsFile } = paths;
  const newLane = () => new ComputeLane({ storeFile, embeddingsFile, backbone, threads, access });
  const [inference, lanes] = [newLane(), Array.from({ length: parallel }, newLane)];
  const queueLengths = () => ({
    trainings: stores.models.countPending(),
    evaluations: stores.evaluations.countPending(),
    recognitions: stores.recognitions.countPending(),
  });
  const telemetry = new Telemetry(queueLengths);
  const onSettled = telemetry.settled.bind(telemetry);
  const trainings = new TrainingQueue({ ...stores, lanes, log, minutesPerSecond, faults, onSettled });
  const evaluationRuns = createEvaluationQueue({ ...stores, lane: inference, log, faults });
  const recognitionRuns = createRecognitionQueue({ ...stores, lane: inference, log });
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const inFlight = new InFlightBytes(limits.maxImageBytesInFlight);
  const closeParts = async () => {
    await Promise.all([trainings.close(), evaluationRuns.close(), recognitionRuns.close()]);
    await Promise.all([inference, ...lanes].map((lane) => lane.close()));
    close();
  };
  const work = { trainings, evaluationRuns, recognitionRuns, queueLengths, inference };
  return { parts: { key, backbone, access, limits, inFlight, ...stores, ...work, telemetry, log }, closeParts };
}

function accessOf(options: VisionServiceOptions): AccessRules {
  const { home, allowedRoots = [path.resolve(home)], allowPrivate = false } = options;
  const { managedIdentity, credentialOrigins, connectionsPerHost, patience } = options;
  const closedFolders = [statePaths(path.resolve(home)).folder];
  return {
    allowedRoots,
    closedFolders,
    allowPrivate,
    managedIdentity,
    credentialOrigins,
    connectionsPerHost,
    patience,
  };
}
