import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError, type WorkflowHandle } from '@temporalio/client';
import { claimFolder } from '../../client/loop-identity.ts';
import { LoopFolder } from '../../data/loop-folder.ts';
import { type LoopSpec, LoopSpecSchema } from '../../loop/spec.ts';
import { LOOP_WORKFLOW, type LoopInput, type Timings } from '../../workflows/messages.ts';
import type { LoopPlan } from './plan-loops.ts';
import { TASK_QUEUE } from './processes.ts';
import { type ChaosSources, CLASSES } from './sources.ts';
import type { Stage } from './stage.ts';

/** Short, so that a run takes seconds. */
const TIMINGS: Partial<Timings> = { heartbeatMs: 2000, pollMs: 100, missingMs: 400, givingUpMs: 4000, backOffMs: 100 };
/** A step of the workflow itself whose worker was killed is given to another one after so long. */
const WORKFLOW_TASK_MS = 2000;
const RPC_MS = 5000;

/** A loop under way. */
export interface RunningLoop {
  plan: LoopPlan;
  spec: LoopSpec;
  folder: LoopFolder;
  handle: WorkflowHandle;
}

/** Starts a loop as the command does, with short durations; asks again while the server is away. */
export async function startLoop(stage: Stage, plan: LoopPlan, sources: ChaosSources): Promise<RunningLoop> {
  const spec = LoopSpecSchema.parse(specOf(plan, sources));
  const folder = LoopFolder.at(stage.home, spec.name);
  const { instanceId, specHash } = await claimFolder(folder, spec);
  const input: LoopInput = { instanceId, spec, specHash, deadline: null, timings: TIMINGS };
  const start = () =>
    bounded(stage, () =>
      stage.client.workflow.start(LOOP_WORKFLOW, {
        workflowId: spec.name,
        taskQueue: TASK_QUEUE,
        args: [input],
        workflowTaskTimeout: WORKFLOW_TASK_MS,
      }),
    );
  await persist(start, (error) => error instanceof WorkflowExecutionAlreadyStartedError);
  return { plan, spec, folder, handle: stage.client.workflow.getHandle(spec.name) };
}

function specOf({ name, collector, task, spec }: LoopPlan, sources: ChaosSources) {
  const { pool, evaluation } = task === 'detection' ? sources.scenes : sources;
  return {
    name,
    ...spec,
    classes: CLASSES,
    collector: collector === 'people' ? { kind: 'people' } : { kind: 'pool', path: pool },
    evaluation: { path: evaluation },
  };
}

/** One exchange with the Temporal server, for at most five seconds. */
export function bounded<T>({ client }: Pick<Stage, 'client'>, call: () => Promise<T>, ms = RPC_MS): Promise<T> {
  return client.connection.withDeadline(Date.now() + ms, call);
}

const TRIES = 40;

/** Does something until it works: a server that was killed is back in a moment. */
export async function persist<T>(
  call: () => Promise<T>,
  isDone: (error: unknown) => boolean = () => false,
): Promise<T | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (isDone(error)) return undefined;
      if (attempt === TRIES) throw error;
      await delay(300);
    }
  }
}
