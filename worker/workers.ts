import { fileURLToPath } from 'node:url';
import type { DataConverter } from '@temporalio/common';
import {
  bundleWorkflowCode,
  DefaultLogger,
  type NativeConnection,
  Worker,
  type WorkerOptions,
  type WorkflowBundleOption,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import type { ServiceProfile } from '../activities/deps.ts';
import type { Activities } from '../activities/types.ts';
import { EMBEDDED_CAPABILITIES, HOSTED_CAPABILITIES } from '../vision/capabilities.ts';
import { createVisionClient } from '../vision/client.ts';
import type { WorkerSettings } from './settings.ts';

const CAPABILITIES = { embedded: EMBEDDED_CAPABILITIES, hosted: HOSTED_CAPABILITIES };

/** A hundred waiting trainings hold a hundred slots; they are cheap. */
const WAITING_SLOTS = 500;
const WORKING_SLOTS = 16;

/** The vision services of the worker's settings, ready to be called. */
export function connectServices({ services }: WorkerSettings): Map<string, ServiceProfile> {
  return new Map(
    [...services].map(([name, { url, key, kind }]) => [
      name,
      { client: createVisionClient({ baseUrl: url, key }), capabilities: CAPABILITIES[kind] },
    ]),
  );
}

/** Bundles the workflow code, with the data converter's way to encode failures; takes seconds, so a test suite does it once. */
export function bundleWorkflows({ failureConverterPath }: DataConverter = {}): Promise<WorkflowBundleWithSourceMap> {
  const workflowsPath = fileURLToPath(new URL('../workflows/index.ts', import.meta.url));
  // The bundler's own report is of use to nobody who runs a worker; its errors are thrown.
  const failures = failureConverterPath === undefined ? {} : { failureConverterPath };
  return bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('ERROR'), ...failures });
}

interface Made {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  activities: Activities;
  workflowBundle: WorkflowBundleOption;
  dataConverter?: DataConverter;
}

/** The two workers of a process: one for the loops and their steps, one for what waits. */
export async function createWorkers({
  connection,
  namespace,
  taskQueue,
  activities,
  workflowBundle,
  dataConverter = {},
}: Made): Promise<Worker[]> {
  const shared: Pick<WorkerOptions, 'connection' | 'namespace' | 'activities' | 'shutdownGraceTime'> & WorkerOptions = {
    connection,
    namespace,
    activities: { ...activities },
    taskQueue,
    dataConverter,
    shutdownGraceTime: '5s',
    shutdownForceTime: '20s',
  };
  return Promise.all([
    Worker.create({
      ...shared,
      workflowBundle,
      maxConcurrentActivityTaskExecutions: WORKING_SLOTS,
      maxCachedWorkflows: 200,
    }),
    Worker.create({ ...shared, taskQueue: `${taskQueue}-waits`, maxConcurrentActivityTaskExecutions: WAITING_SLOTS }),
  ]);
}
