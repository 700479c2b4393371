import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, type Worker, type WorkflowBundleOption } from '@temporalio/worker';
import { pino } from 'pino';
import type { ServiceProfile } from '../../activities/deps.ts';
import { createActivities } from '../../activities/index.ts';
import type { Webhook } from '../../activities/webhook.ts';
import { claimFolder } from '../../client/loop-identity.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import type { LoopResult } from '../../loop/outcome.ts';
import { type LoopSpec, type LoopSpecInput, LoopSpecSchema } from '../../loop/spec.ts';
import { EMBEDDED_CAPABILITIES } from '../../vision/capabilities.ts';
import { createVisionClient } from '../../vision/client.ts';
import type { FaultRules } from '../../vision-service/faults/schema.ts';
import { createVisionService } from '../../vision-service/server.ts';
import { bundleWorkflows } from '../../worker/bundles.ts';
import { createWorkers } from '../../worker/workers.ts';
import { LOOP_WORKFLOW, type LoopInput, type Timings } from '../../workflows/messages.ts';
import { temporal } from './temporal.ts';

const QUICK: Timings = {
  heartbeatMs: 2000,
  pollMs: 20,
  missingMs: 200,
  givingUpMs: 3000,
  backOffMs: 10,
  outageMs: 15 * 60_000,
  noticeMs: 3000,
  remindersMs: [],
};

/** Temporal, the embedded vision service on the classical backbone, and a home folder: all real, all local. */
export interface Rig {
  env: TestWorkflowEnvironment;
  home: string;
  service: { url: string; key: string };
  bundle: WorkflowBundleOption;
  /** Runs workers on a queue until the returned function is called. */
  work(
    taskQueue: string,
    services?: Map<string, ServiceProfile>,
    more?: { dataConverter?: DataConverter; webhook?: Webhook },
  ): Promise<() => Promise<void>>;
  folder(loop: string): LoopFolder;
  teardown(): Promise<void>;
}

// A test's output is its own sentences; the loops of these tests meet trouble on purpose.
Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'OFF', forward: {} } } });

export async function createRig(extraArgs: string[] = [], faults?: FaultRules): Promise<Rig> {
  const home = await mkdtemp(join(tmpdir(), 'deltaloop-'));
  const key = randomUUID();
  const [env, bundle, vision] = await Promise.all([
    temporal(extraArgs),
    bundleWorkflows(),
    createVisionService({
      home,
      key,
      backbone: 'classical',
      port: 0,
      threads: 1,
      log: pino({ level: process.env['RIG_LOG'] ?? 'silent' }),
      allowedRoots: [home],
      ...(faults === undefined ? {} : { faults }),
    }),
  ]);
  const service = { url: vision.url, key };
  return {
    env,
    home,
    bundle,
    service,
    work: (taskQueue, services, { dataConverter = {}, webhook } = {}) =>
      work({
        env,
        home,
        bundle,
        service,
        taskQueue,
        services: services ?? profiles(service),
        dataConverter,
        ...(webhook && { webhook }),
      }),
    folder: (loop) => LoopFolder.at(home, loop),
    teardown: async () => {
      await env.teardown();
      await vision.close();
      await rm(home, {
        recursive: true,
        force: true,
      });
    },
  };
}

/** The default profile of a vision service. */
export function profiles({ url, key }: Rig['service']): Map<string, ServiceProfile> {
  return new Map([
    ['default', { client: createVisionClient({ baseUrl: url, key }), capabilities: EMBEDDED_CAPABILITIES }],
  ]);
}

interface Work extends Pick<Rig, 'env' | 'home' | 'bundle' | 'service'> {
  taskQueue: string;
  services: Map<string, ServiceProfile>;
  dataConverter: DataConverter;
  webhook?: Webhook;
}

async function work(of: Work): Promise<() => Promise<void>> {
  const { env, home, bundle, taskQueue, services, dataConverter, webhook } = of;
  const activities = createActivities({ home, services, predictConcurrency: 8, ...(webhook && { webhook }) });
  const namespace = env.namespace ?? 'default';
  const workers: Worker[] = await createWorkers({
    connection: env.nativeConnection,
    namespace,
    taskQueue,
    activities,
    workflowBundle: dataConverter.failureConverterPath ? await bundleWorkflows({ dataConverter }) : bundle,
    dataConverter,
  });
  const running = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  };
}

export type LoopHandle = WorkflowHandle<(input: LoopInput) => Promise<LoopResult>>;

export interface Started {
  handle: LoopHandle;
  folder: LoopFolder;
  spec: LoopSpec;
}

interface StartOptions {
  spec: LoopSpecInput;
  taskQueue: string;
  timings?: Partial<Timings>;
  /** Epoch milliseconds. */
  deadline?: number;
}

/** Starts a loop as the command does, but with a test's durations. */
export async function start({ env, home }: Pick<Rig, 'env' | 'home'>, options: StartOptions): Promise<Started> {
  const spec = LoopSpecSchema.parse(options.spec);
  const folder = LoopFolder.at(home, spec.name);
  const { instanceId, specHash } = await claimFolder(folder, spec);
  const input: LoopInput = {
    instanceId,
    spec,
    specHash,
    deadline: options.deadline ?? null,
    timings: { ...QUICK, ...options.timings },
  };
  const handle = (await env.client.workflow.start(LOOP_WORKFLOW, {
    workflowId: spec.name,
    taskQueue: options.taskQueue,
    args: [input],
  })) as LoopHandle;
  return { handle, folder, spec };
}
