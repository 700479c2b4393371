import { type Client, type WorkflowExecutionDescription, WorkflowNotFoundError } from '@temporalio/client';
import { LoopFolder } from '../data/loop-folder.ts';
import type { LoopResult } from '../loop/outcome.ts';
import { type LoopProgress, PHASES, type Phase } from '../loop/progress.ts';
import { progress as progressQuery } from '../workflows/messages.ts';
import { type FinishedView, finishedView } from './finished-view.ts';
import { GRPC, grpcStatus, isServerAway } from './grpc.ts';
import { type LoopFiles, readLoopFiles } from './loop-files.ts';
import { whyNoAnswer } from './no-answer.ts';
import { progressFromFiles } from './progress-from-files.ts';
import { KEYS } from './search-attributes.ts';
import { type Stuck, whyStuck } from './stuck-loop.ts';

export { readFinished } from './finished-view.ts';

/** How a loop that Temporal closed without an outcome ended. */
export type BrokenStatus = 'FAILED' | 'TERMINATED' | 'CANCELLED' | 'TIMED_OUT';

/** What is known about a loop at one moment. */
export type LoopView =
  /** Neither a folder nor a running workflow of that name. */
  | { kind: 'unknown' }
  /** The folder is there, but Temporal runs no such loop. */
  | { kind: 'not-started'; progress: LoopProgress }
  | {
      kind: 'running';
      progress: LoopProgress;
      needsPerson: boolean;
      /** Why `progress` comes from files and not from a worker; null when a worker answered. */
      note: string | null;
    }
  | FinishedView
  | { kind: 'broken'; progress: LoopProgress; status: BrokenStatus };

export interface ReadLoopOptions {
  client: Client;
  home: string;
  loop: string;
  /** Bound of each question to the server, milliseconds; 5 000 by default. */
  timeoutMs?: number;
}

/**
 * Reads what is known about a loop: its folder first, then Temporal's description, then the worker's own answer.
 * @throws the client's errors when the server cannot be reached or refuses.
 */
export async function readLoop(options: ReadLoopOptions): Promise<LoopView> {
  const { home, loop } = options;
  const files = await readLoopFiles(LoopFolder.at(home, loop));
  if (files?.result) return finishedView(loop, files, files.result);
  const description = await describeLoop(options);
  if (!description || !isSameLoop(description, files)) return notInTemporal(loop, files);
  const status = description.status.name;
  if (status === 'RUNNING' || status === 'PAUSED' || status === 'CONTINUED_AS_NEW')
    return runningView(options, description, files);
  if (!files) return { kind: 'unknown' };
  if (status === 'COMPLETED') return finishedView(loop, files, await workflowResult(options));
  return brokenView(
    loop,
    files,
    status === 'FAILED' || status === 'TERMINATED' || status === 'TIMED_OUT' ? status : 'CANCELLED',
  );
}

function notInTemporal(loop: string, files: LoopFiles | undefined): LoopView {
  if (!files) return { kind: 'unknown' };
  const words = {
    phase: 'preparing',
    round: files.rounds.length,
    state: 'The loop’s folder is there, but the Temporal server runs no such loop',
    next: 'Start it again with the same spec: deltaloop start SPEC',
  } as const;
  return { kind: 'not-started', progress: progressFromFiles(loop, files, words) };
}

function brokenView(loop: string, files: LoopFiles, status: BrokenStatus): LoopView {
  const words = {
    phase: 'done',
    round: files.rounds.length,
    state: `The loop was ${status.toLowerCase().replace('_', ' ')} in Temporal, without an outcome of its own`,
    next: 'Reset the workflow in the Temporal UI to go on from its last step, or start a new loop under another name.',
  } as const;
  return { kind: 'broken', progress: progressFromFiles(loop, files, words), status };
}

/** Temporal's description of a loop's newest run, at most `timeoutMs`; undefined when it knows none. */
export async function describeLoop(options: ReadLoopOptions): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await bounded(options, () => options.client.workflow.getHandle(options.loop).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** Whether a workflow belongs to the loop of this folder and not to an earlier one of the same name. */
function isSameLoop(description: WorkflowExecutionDescription, files: LoopFiles | undefined): boolean {
  const instance = description.memo?.['instanceId'];
  return instance === undefined || !files || instance === files.loop.instanceId;
}

function workflowResult(options: ReadLoopOptions): Promise<LoopResult> {
  return bounded(options, () => options.client.workflow.getHandle(options.loop).result()) as Promise<LoopResult>;
}

async function runningView(
  options: ReadLoopOptions,
  description: WorkflowExecutionDescription,
  files?: LoopFiles,
): Promise<LoopView> {
  const needsHuman = description.typedSearchAttributes.get(KEYS.needsHuman) === true;
  try {
    const progress = await bounded(options, () => options.client.workflow.getHandle(options.loop).query(progressQuery));
    // Between the description and the answer the loop may have ended.
    if (progress.result) return { kind: 'finished', progress, result: progress.result };
    return { kind: 'running', progress, needsPerson: needsHuman || progress.attention !== null, note: null };
  } catch (error) {
    const { note, next } = await whyUnanswered(options, description, error);
    const words = {
      phase: phaseOf(description),
      round: description.typedSearchAttributes.get(KEYS.round) ?? 0,
      state: note,
      next,
    };
    return { kind: 'running', progress: progressFromFiles(options.loop, files, words), needsPerson: needsHuman, note };
  }
}

/** How the server says that a query waited for a worker in vain. */
const UNANSWERED: number[] = [GRPC.cancelled, GRPC.deadlineExceeded, GRPC.failedPrecondition];

/** Why no worker answered a query, and what to do; rethrows when it is the server that is away. */
async function whyUnanswered(
  options: ReadLoopOptions,
  { taskQueue, runId }: WorkflowExecutionDescription,
  error: unknown,
): Promise<Stuck> {
  const status = grpcStatus(error);
  const unanswered = status !== undefined && UNANSWERED.includes(status.code);
  if (!unanswered && (isServerAway(error) || status?.code === GRPC.notFound)) throw error;
  const asked = error instanceof Error ? error : new Error(String(error));
  const stuck = await bounded(options, () => whyStuck({ ...options, runId, error: asked })).catch(() => null);
  if (stuck) return stuck;
  if (unanswered) return { note: noWorker(taskQueue), next: 'Start the worker; the loop goes on where it was.' };
  return whyNoAnswer((status?.details || asked.message).replace(/\.$/, ''), taskQueue);
}

/** The sentence for a task queue on which no worker answers. */
export function noWorker(taskQueue: string): string {
  return `No worker answers on task queue ${taskQueue}; start one with \`deltaloop dev\` or \`deltaloop worker\``;
}

function phaseOf(description: WorkflowExecutionDescription): Phase {
  const phase = description.typedSearchAttributes.get(KEYS.phase);
  return PHASES.find((known) => known === phase) ?? 'preparing';
}

function bounded<T>({ client, timeoutMs = 5000 }: ReadLoopOptions, ask: () => Promise<T>): Promise<T> {
  return client.connection.withDeadline(Date.now() + timeoutMs, ask);
}
