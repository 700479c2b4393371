import {
  type Client,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Acknowledgement } from '../workflows/messages.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import { GRPC, grpcStatus } from './grpc.ts';
import { noWorker } from './loop-view.ts';

export interface SendOptions {
  client: Client;
  loop: string;
  /** Bound of the whole exchange, milliseconds; 10 000 by default. */
  timeoutMs?: number;
}

/** Sends one update through the loop's handle. */
export type Send = (handle: WorkflowHandle) => Promise<Acknowledgement>;

/**
 * Sends an update to a running loop and waits for its answer, which is returned as one sentence.
 * @throws CliError when the loop refuses it (exit 2), no longer runs (exit 2), or no worker answers in time (exit 1).
 */
export async function sendUpdate({ client, loop, timeoutMs = 10_000 }: SendOptions, send: Send): Promise<string> {
  const handle = client.workflow.getHandle(loop);
  try {
    const answer = await client.connection.withDeadline(Date.now() + timeoutMs, () => untilSeen(() => send(handle)));
    return answer.message;
  } catch (error) {
    throw updateError(error, loop, await queueOf(client, loop));
  }
}

const SENDINGS = 5;

/**
 * Sends again what a worker that just came up passed over: Temporal's SDK loses an update when a query reaches such a worker first
 * (docs/reliability.md), and the server says so. The loop has never seen it, so it cannot count twice.
 */
export async function untilSeen<T>(send: () => Promise<T>): Promise<T> {
  for (let times = 1; ; times += 1) {
    try {
      return await send();
    } catch (error) {
      if (times === SENDINGS || !passedOver(error)) throw error;
    }
  }
}

function passedOver(error: unknown): boolean {
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure)) return false;
  return error.cause.type === 'UnprocessedUpdate';
}

/** The loop's task queue, to name it in an error; the common one where the server cannot be asked. */
async function queueOf(client: Client, loop: string): Promise<string> {
  try {
    const description = await client.connection.withDeadline(Date.now() + 2000, () =>
      client.workflow.getHandle(loop).describe(),
    );
    return description.taskQueue;
  } catch {
    return 'of the loop';
  }
}

function updateError(error: unknown, loop: string, taskQueue: string): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    return new CliError(`Loop ${loop} refuses: ${error.cause?.message ?? error.message}`, {
      exitCode: EXIT.usage,
      next: `See what it does: deltaloop status ${loop}`,
      cause: error,
    });
  }
  if (error instanceof WorkflowNotFoundError) {
    return new CliError(`Loop ${loop} no longer runs.`, {
      exitCode: EXIT.usage,
      next: `See how it ended: deltaloop status ${loop}`,
      cause: error,
    });
  }
  const late =
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || grpcStatus(error)?.code === GRPC.deadlineExceeded;
  if (!late) return error;
  return new CliError(`Loop ${loop} did not answer in time; it may still take this up later. ${noWorker(taskQueue)}.`, {
    exitCode: EXIT.unexpected,
    next: 'When a worker runs, type the command again; sending it twice does no harm.',
    cause: error,
  });
}
