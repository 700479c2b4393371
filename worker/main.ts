import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, type Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { serveHealth } from './health.ts';
import { createLog, installTemporalLogging } from './logger.ts';
import { type WorkerSettings, workerSettings } from './settings.ts';
import { bundleWorkflows, connectServices, createWorkers } from './workers.ts';

/** Runs a worker until it is told to stop (SIGINT, SIGTERM); says on stdout when it is ready. */
export async function runWorker(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const settings = workerSettings(env);
  const log = createLog('worker', settings.logLevel);
  installTemporalLogging(log);
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const workflowBundle = await workflowCode(settings);
  const connection = await NativeConnection.connect(connectionOptions);
  try {
    const { home, predictConcurrency, taskQueue } = settings;
    const activities = createActivities({ home, predictConcurrency, services: connectServices(settings) });
    const { dataConverter } = settings;
    const made = { connection, namespace, taskQueue, activities, workflowBundle, dataConverter };
    const workers = await createWorkers(made);
    const health = await serveHealth(settings.healthPort, () =>
      workers.every((worker) => worker.getState() === 'RUNNING'),
    );
    const running = Promise.all(workers.map((worker) => worker.run()));
    log.info({ taskQueue: settings.taskQueue, services: [...settings.services.keys()] }, 'worker is ready');
    process.stdout.write(`${JSON.stringify({ ready: true, taskQueue: settings.taskQueue })}\n`);
    await stopTogether(running, workers);
    await health?.close();
  } finally {
    await connection.close();
  }
}

/** A bundle built before encodes no failures: with encryption on, they would stand in the history in the clear. */
async function workflowCode({ workflowBundle, dataConverter }: WorkerSettings): Promise<WorkflowBundleOption> {
  if (workflowBundle === null || dataConverter.failureConverterPath) return bundleWorkflows(dataConverter);
  return { codePath: workflowBundle };
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
