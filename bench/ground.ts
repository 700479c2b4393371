import { rmSync } from 'node:fs';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, type WorkflowBundleOption } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { claimFolder } from '../client/loop-identity.ts';
import { startWorkflow } from '../client/start-workflow.ts';
import { LoopFolder } from '../data/loop-folder.ts';
import type { Say } from '../dev/say.ts';
import { startTemporalServer } from '../dev/temporal-server.ts';
import type { TemporalServer } from '../dev/temporal-types.ts';
import { type LoopSpecInput, LoopSpecSchema } from '../loop/spec.ts';
import { EMBEDDED_CAPABILITIES } from '../vision/capabilities.ts';
import type { VisionClient } from '../vision/client.ts';
import { createLog } from '../worker/logger.ts';
import { installRuntime } from '../worker/runtime.ts';
import { createWorkers } from '../worker/workers.ts';
import { progress } from '../workflows/messages.ts';
import type { BareActivities } from './workflows.ts';

/** As many predictions under way as a worker has by default. */
const PREDICT_CONCURRENCY = 8;

/** The local Temporal server as `deltaloop dev` starts it, and a home of its own; gone with `close()`. */
export interface Ground {
  home: string;
  client: Client;
  /** Of the Temporal server. */
  address: string;
  /** File of the workflow bundle, for workers that are processes of their own. */
  bundlePath: string;
  say: Say;
  /** Runs the loop's workers on a queue until the returned function is called. */
  work(taskQueue: string, vision: VisionClient): Promise<() => Promise<void>>;
  /** Starts a loop as the command does. */
  start(taskQueue: string, spec: LoopSpecInput): Promise<void>;
  /** Waits for a loop's end; throws when it needs somebody's attention instead. */
  finish(loop: string): Promise<void>;
  close(): Promise<void>;
}

export async function createGround(say: Say): Promise<Ground> {
  installRuntime(createLog('bench', 'error'));
  const home = await mkdtemp(join(tmpdir(), 'deltaloop-bench-'));
  process.once('exit', () => rmSync(home, { recursive: true, force: true }));
  const server = await startTemporalServer({ home, say, env: process.env, ports: { grpc: 0, ui: 0 } });
  try {
    return await connect({ home, say, server });
  } catch (error) {
    await server.stop();
    throw error;
  }
}

interface Base {
  home: string;
  say: Say;
  server: TemporalServer;
}

async function connect({ home, say, server }: Base): Promise<Ground> {
  const { address, namespace } = server;
  const [connection, native] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ]);
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  const client = new Client({ connection, namespace });
  const bundlePath = join(home, 'workflows.js');
  await writeFile(bundlePath, workflowBundle.code);
  return {
    home,
    client,
    address,
    bundlePath,
    say,
    work: (taskQueue, vision) => work({ connection: native, namespace, taskQueue, workflowBundle }, home, vision),
    start: async (taskQueue, input) => {
      const spec = LoopSpecSchema.parse(input);
      const identity = await claimFolder(LoopFolder.at(home, spec.name), spec);
      await startWorkflow({ client, home, taskQueue }, { spec, identity });
    },
    finish: (loop) => finish(client, loop),
    close: async () => {
      await Promise.all([connection.close(), native.close()]);
      await server.stop();
    },
  };
}

const LOOK_MS = 5000;

async function finish(client: Client, loop: string): Promise<void> {
  const handle = client.workflow.getHandle(loop);
  const ended = handle.result().then(() => true);
  while (!(await Promise.race([ended, pause(LOOK_MS, false, { ref: false })]))) {
    const { attention } = await handle.query(progress);
    if (attention) throw new Error(`Loop ${loop} needs attention: ${attention.headline}. ${attention.message}`);
  }
}

interface Where {
  connection: NativeConnection;
  namespace: string;
  taskQueue: string;
  workflowBundle: WorkflowBundleOption;
}

async function work(where: Where, home: string, client: VisionClient): Promise<() => Promise<void>> {
  const services = new Map([['default', { client, capabilities: EMBEDDED_CAPABILITIES }]]);
  const loop = createActivities({ home, services, predictConcurrency: PREDICT_CONCURRENCY });
  const bare: BareActivities = { empty: async ({ result }) => 'x'.repeat(Math.max(0, result - 2)) };
  const activities = { ...loop, ...bare };
  const workers = await createWorkers({ ...where, activities });
  const running = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  };
}
