import { loadClientConnectConfig } from '@temporalio/envconfig';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { serveHealth } from './health.ts';
import { createLog, installTemporalLogging } from './logger.ts';
import { workerSettings } from './settings.ts';
import { bundleWorkflows, connectServices, createWorkers } from './workers.ts';

/** Runs a worker until it is told to stop (SIGINT, SIGTERM); says on stdout when it is ready. */
export async function runWorker(env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const settings = workerSettings(env);
  const log = createLog('worker', settings.logLevel);
  installTemporalLogging(log);
  const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
  const workflowBundle = settings.workflowBundle ? { codePath: settings.workflowBundle } : await bundleWorkflows();
  const connection = await NativeConnection.connect(connectionOptions);
  try {
    const { home, predictConcurrency, taskQueue, webhook } = settings;
    const activities = createActivities({ home, predictConcurrency, services: connectServices(settings), webhook });
    const workers = await createWorkers({ connection, namespace, taskQueue, activities, workflowBundle });
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
