import type { Client } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';

/** A loop that stands still because its worker cannot take its history up, and what brings it on. */
export interface Stuck {
  /** What is wrong, in a sentence without a full stop. */
  note: string;
  /** What a person does. */
  next: string;
}

interface Asked {
  client: Client;
  loop: string;
  runId: string;
  /** What came of asking the worker. */
  error: Error;
}

/** Events looked at, newest first: a step that failed is among the last few. */
const LAST_EVENTS = 20;
/** How Temporal's SDK marks a history that its code does not lead to. */
const UNREPLAYABLE = 'TMPRL1100';

/** Why no worker can go on with a loop, as the worker or the newest events tell; null where they do not. @throws the client’s errors. */
export async function whyStuck({ client, loop, runId, error }: Asked): Promise<Stuck | null> {
  if (error.message.includes(UNREPLAYABLE)) return stuckBy(loop, error.message);
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId: loop, runId },
    maximumPageSize: LAST_EVENTS,
  });
  return stuckAt(loop, history?.events ?? []);
}

/** The same of events, newest first. */
function stuckAt(loop: string, events: readonly temporal.api.history.v1.IHistoryEvent[]): Stuck | null {
  for (const event of events) {
    if (event.workflowTaskCompletedEventAttributes) return null;
    const message = event.workflowTaskFailedEventAttributes?.failure?.message;
    if (message?.includes(UNREPLAYABLE)) return stuckBy(loop, message);
  }
  return null;
}

function stuckBy(loop: string, message: string): Stuck {
  const at = swappedUpdate(message);
  if (at === null)
    return {
      note: 'The loop stands still: the code of its worker does not fit its history, so the worker is of another version than the loop',
      next: 'Start a worker of the version that the loop ran on; nothing is lost. See docs/upgrading.md.',
    };
  return {
    note: `The loop stands still: Temporal’s SDK wrote a step of it (event ${at}) in an order that it cannot take up again; nothing is lost`,
    next: `Have that step done again, which pays and draws nothing twice: ${resetCommand(loop, at - 1)}`,
  };
}

/**
 * The event that the SDK stumbles over after it has written an update behind the commands that followed it (docs/reliability.md); null for
 * every other message.
 */
function swappedUpdate(message: string): number | null {
  const id = /Update machine does not handle this event: HistoryEvent\(id: (\d+),/.exec(message)?.[1];
  return id === undefined ? null : Number(id);
}

/** Temporal's own command that has a step done again. @param event the end of the step that wrote what cannot be taken up */
function resetCommand(loop: string, event: number): string {
  return `temporal workflow reset --workflow-id ${loop} --event-id ${event} --reason "update out of order"`;
}
