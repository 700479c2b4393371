import { Worker } from '@temporalio/worker';
import { z } from 'zod';
import type { Checked } from './checks/folder.ts';
import type { LoopEvidence } from './evidence.ts';

type Replayed = Pick<LoopEvidence, 'name' | 'historyJson'>;

/** Every history fits the present code: what a worker does that takes a loop over. */
export async function replayAll(bundle: { codePath: string }, loops: readonly Replayed[]): Promise<Checked> {
  const checked: Checked = { problems: [], notes: [] };
  const histories = loops.map(({ name, historyJson }) => ({
    workflowId: name,
    history: JSON.parse(historyJson) as object,
  }));
  for await (const { workflowId, error } of Worker.runReplayHistories({ workflowBundle: bundle }, histories)) {
    if (!error) continue;
    const { historyJson = '' } = loops.find(({ name }) => name === workflowId) ?? {};
    if (isSwappedUpdate(error.message, historyJson)) checked.notes.push(SWAPPED);
    else checked.problems.push(`replay: ${workflowId}: ${error.message}`);
  }
  return checked;
}

const SWAPPED =
  'a history that Temporal’s SDK wrote with an update behind the commands that followed it, and cannot replay';

const HistorySchema = z.looseObject({
  events: z.array(z.looseObject({ eventId: z.coerce.number(), eventType: z.coerce.string() })),
});

/**
 * A fault of the SDK (1.24.0), not of the loop: a worker that had not seen the loop before was given, in one step, the end of an activity
 * and an update. It wrote the update behind the commands that the activity's end led to; on replay it puts the update first, and refuses
 * its own history. Taken for that only where the history shows exactly this.
 */
export function isSwappedUpdate(message: string, historyJson: string): boolean {
  const id = Number(/Update machine does not handle this event: HistoryEvent\(id: (\d+),/.exec(message)?.[1]);
  if (!Number.isInteger(id)) return false;
  const { events } = HistorySchema.parse(JSON.parse(historyJson));
  const at = events.findIndex(({ eventId }) => eventId === id);
  const kinds = events.slice(at).map(({ eventType }) => eventType.replace('EVENT_TYPE_', ''));
  // Of a loop that hangs, this step may be the last one.
  const next = kinds.indexOf('WORKFLOW_TASK_SCHEDULED');
  const step = next === -1 ? kinds : kinds.slice(0, next);
  const isFirst = events[at - 1]?.eventType.endsWith('WORKFLOW_TASK_COMPLETED') === true;
  return (
    isFirst && kinds[0] !== 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED' && step.includes('WORKFLOW_EXECUTION_UPDATE_ACCEPTED')
  );
}
