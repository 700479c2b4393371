import type { DataConverter, WorkerDeploymentVersion } from '@temporalio/common';
import { type NativeConnection, Worker, type WorkerOptions, type WorkflowBundleOption } from '@temporalio/worker';
import type { ServiceProfile } from '../activities/deps.ts';
import type { Activities } from '../activities/types.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { EMBEDDED_CAPABILITIES, HOSTED_CAPABILITIES } from '../vision/capabilities.ts';
import { createVisionClient } from '../vision/client.ts';
import { pluginsOf } from './bundles.ts';
import type { Rounds } from './loop-fields.ts';
import type { WorkerSettings } from './settings.ts';
import { watchSteps } from './steps.ts';

const CAPABILITIES = { embedded: EMBEDDED_CAPABILITIES, hosted: HOSTED_CAPABILITIES };

/** A thousand waiting trainings hold a thousand slots; they are cheap. */
const WAITING_SLOTS = 2000;
const WORKING_SLOTS = 16;

/**
 * A loop whose worker was killed waits for it this long before any other one may go on with it. Measured: with Temporal's 10 seconds
 * a killed worker cost 16 seconds at a heartbeat timeout of 5.
 */
const STICKY = '3s';

/** The vision services of the worker's settings, ready to be called. */
export function connectServices({ services }: WorkerSettings): Map<string, ServiceProfile> {
  return new Map(
    [...services].map(([name, { url, key, kind }]) => [
      name,
      { client: createVisionClient({ baseUrl: url, key }), capabilities: CAPABILITIES[kind] },
    ]),
  );
}

interface Made {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  activities: Activities;
  workflowBundle: WorkflowBundleOption;
  /** Rounds as their steps tell them, for the log; without it steps are not logged. */
  rounds?: Rounds;
  tracing?: Tracing | null;
  /** The version of the code that these workers run; null for workers without versions. */
  deployment?: WorkerDeploymentVersion | null;
  dataConverter?: DataConverter;
}

/** The two workers of a process: one for the loops and their steps, one for what waits. */
export async function createWorkers({
  connection,
  namespace,
  taskQueue,
  activities,
  workflowBundle,
  rounds,
  tracing = null,
  deployment = null,
  dataConverter = {},
}: Made): Promise<Worker[]> {
  const shared: Pick<WorkerOptions, 'connection' | 'namespace' | 'activities' | 'shutdownGraceTime'> & WorkerOptions = {
    ...pluginsOf(tracing),
    ...versionOf(deployment),
    ...(rounds ? { interceptors: { activity: [watchSteps(rounds)] } } : {}),
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
      stickyQueueScheduleToStartTimeout: STICKY,
    }),
    Worker.create({ ...shared, taskQueue: `${taskQueue}-waits`, maxConcurrentActivityTaskExecutions: WAITING_SLOTS }),
  ]);
}

/** A running loop goes on with whatever version is current: it may outlive many. */
function versionOf(version: WorkerDeploymentVersion | null): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (version === null) return {};
  const defaultVersioningBehavior = 'AUTO_UPGRADE' as const;
  return { workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior } };
}
