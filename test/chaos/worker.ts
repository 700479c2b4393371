import { readFileSync } from 'node:fs';
import { NativeConnection } from '@temporalio/worker';
import { createActivities } from '../../activities/index.ts';
import { createLog } from '../../worker/logger.ts';
import { Rounds } from '../../worker/loop-fields.ts';
import { installRuntime } from '../../worker/runtime.ts';
import { workerSettings } from '../../worker/settings.ts';
import { connectServices, createWorkers } from '../../worker/workers.ts';

/**
 * A worker of the chaos harness: as `worker/main.ts`, but with a clock that can be put wrong while it runs (`CHAOS_CLOCK_FILE` holds the
 * milliseconds that it is off by).
 */
const settings = workerSettings();
const clockFile = process.env['CHAOS_CLOCK_FILE'] ?? '';

/** Milliseconds; a file that is missing, or half written, means a clock that is right. */
function offset(): number {
  try {
    return Number(readFileSync(clockFile, 'utf8')) || 0;
  } catch {
    return 0;
  }
}

const rounds = new Rounds();
installRuntime(createLog('worker', settings.logLevel), { rounds });
const { home, predictConcurrency, taskQueue } = settings;
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });
const services = connectServices(settings);
const now = () => Date.now() + offset();
const workers = await createWorkers({
  connection,
  namespace: 'default',
  taskQueue,
  activities: createActivities({ home, predictConcurrency, services, now }),
  workflowBundle: { codePath: settings.workflowBundle ?? '' },
  rounds,
});
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await Promise.all(workers.map((worker) => worker.run()));
process.exit(0);
