import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, type Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createActivities } from '../activities/index.ts';
import { openTracing, type Tracing } from '../tracing/tracing.ts';
import { aboutBuild } from './build.ts';
import { workflowCode } from './bundles.ts';
import { serveHealth } from './health.ts';
import { createLog } from './logger.ts';
import { Rounds } from './loop-fields.ts';
import { readiness } from './readiness.ts';
import { installRuntime } from './runtime.ts';
import { type WorkerSettings, workerSettings } from './settings.ts';
import { countWaitingLoops } from './waiting-loops.ts';
import { connectServices, createWorkers } from './workers.ts';

/** Runs a worker until it is told to stop (SIGINT, SIGTERM); says on stdout when it is ready. */
export async function runWorker(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const settings = workerSettings(env);
  const log = createLog('worker', settings.logLevel, { env });
  const rounds = new Rounds();
  installRuntime(log, { rounds, metrics: settings.metrics });
  const tracing = await openTracing(env, 'deltaloop-worker');
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const workflowBundle = await workflowCode(settings, tracing, log);
  const connection = await NativeConnection.connect(connectionOptions);
  try {
    await work({ settings, log, connection, namespace, workflowBundle, rounds, tracing });
  } finally {
    await tracing?.close();
    // Refused while workers hold it that never ran; what kept them from it is what has to be told.
    await connection.close().catch(() => undefined);
  }
}

interface Work {
  settings: WorkerSettings;
  log: Logger;
  connection: NativeConnection;
  namespace: string;
  workflowBundle: WorkflowBundleOption;
  rounds: Rounds;
  tracing: Tracing | null;
}

async function work({ settings, log, ...made }: Work): Promise<void> {
  const { connection, namespace } = made;
  const { home, predictConcurrency, taskQueue, deployment, healthPort, dataConverter, webhook } = settings;
  const activities = createActivities({ home, predictConcurrency, services: connectServices(settings), webhook });
  const workers = await createWorkers({ ...made, taskQueue, activities, deployment, dataConverter });
  const about = aboutBuild(deployment);
  const ready = () => readiness({ connection, namespace, workers });
  const health = await serveHealth({ port: healthPort, about, ready });
  const running = Promise.all(workers.map((worker) => worker.run()));
  const stopCounting = settings.metrics
    ? countWaitingLoops({ connection, namespace, taskQueue, log })
    : () => undefined;
  log.info({ taskQueue, services: [...settings.services.keys()], ...about }, 'worker is ready');
  process.stdout.write(
    `${JSON.stringify({ ready: true, taskQueue, ...(health ? { healthPort: health.port } : {}) })}\n`,
  );
  try {
    await stopTogether(running, workers);
  } finally {
    stopCounting();
    await health?.close();
  }
}

/** When one worker of the process fails, the other is stopped too, so that the process ends and is restarted whole. */
async function stopTogether(running: Promise<unknown>, workers: readonly Worker[]): Promise<void> {
  try {
    await running;
  } catch (error) {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
    throw error;
  }
}

if (import.meta.main) await runWorker();
