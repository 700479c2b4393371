import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { Acknowledgement } from '../workflows/messages.ts';
import type { CommandContext } from './context.ts';
import { requireRunning } from './require-loop.ts';
import { sendUpdate } from './send-update.ts';

/**
 * Asks a running loop for a change and returns its answer, one sentence.
 * @throws CliError when there is no such running loop, it refuses, or no worker answers.
 */
export async function changeLoop(
  context: CommandContext,
  loop: string,
  send: (handle: WorkflowHandle, updateId: string) => Promise<Acknowledgement>,
): Promise<string> {
  await requireRunning(context, loop);
  const { client } = await context.connect();
  const updateId = randomUUID();
  return sendUpdate({ client, loop }, (handle) => send(handle, updateId));
}
