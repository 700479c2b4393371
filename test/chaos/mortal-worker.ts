import { existsSync, writeFileSync } from 'node:fs';
import { NativeConnection } from '@temporalio/worker';
import { createActivities } from '../../activities/index.ts';
import type { Activities } from '../../activities/types.ts';
import { workerSettings } from '../../worker/settings.ts';
import { connectServices, createWorkers } from '../../worker/workers.ts';

/**
 * A worker that kills itself with SIGKILL once: at the very start of a step, or when the step's effects are done
 * but Temporal has not been told. `DIE_AT=collectImages:after`, with `DIE_MARK` a file that says it has happened.
 */
const settings = workerSettings();
const [step, moment] = (process.env['DIE_AT'] ?? '').split(':');
const mark = process.env['DIE_MARK'] ?? '';

function dieOnce(): void {
  if (existsSync(mark)) return;
  writeFileSync(mark, String(process.pid));
  process.kill(process.pid, 'SIGKILL');
}

function mortal(activities: Activities): Activities {
  return new Proxy(activities, {
    get: (target, name: keyof Activities) => {
      const run = target[name] as ((input: unknown) => Promise<unknown>) | undefined;
      if (name !== step || !run) return run;
      return async (input: unknown) => {
        if (moment === 'before') dieOnce();
        const result = await run(input);
        if (moment === 'after') dieOnce();
        return result;
      };
    },
  });
}

const { home, predictConcurrency, taskQueue } = settings;
const connection = await NativeConnection.connect({ address: process.env['TEMPORAL_ADDRESS'] ?? '' });
const activities = mortal(createActivities({ home, predictConcurrency, services: connectServices(settings) }));
const codePath = settings.workflowBundle ?? '';
const workers = await createWorkers({
  connection,
  namespace: 'default',
  taskQueue,
  activities,
  workflowBundle: { codePath },
});
await Promise.all(workers.map((worker) => worker.run()));
