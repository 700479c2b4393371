import { describe, expect, it } from 'vitest';
import { isSwappedUpdate } from './replay.ts';

const MESSAGE =
  'Nondeterminism error: Update machine does not handle this event: HistoryEvent(id: 2, UpsertWorkflowSearchAttributes)';
const history = (...kinds: string[]) =>
  JSON.stringify({ events: kinds.map((kind, at) => ({ eventId: String(at + 1), eventType: `EVENT_TYPE_${kind}` })) });
const SWAPPED = [
  'WORKFLOW_TASK_COMPLETED',
  'UPSERT_WORKFLOW_SEARCH_ATTRIBUTES',
  'ACTIVITY_TASK_SCHEDULED',
  'WORKFLOW_EXECUTION_UPDATE_ACCEPTED',
  'WORKFLOW_EXECUTION_UPDATE_COMPLETED',
  'WORKFLOW_TASK_SCHEDULED',
];

describe('a history that cannot be replayed', () => {
  it('is a fault of the SDK where an update stands behind the commands of its own step', () => {
    expect(isSwappedUpdate(MESSAGE, history(...SWAPPED))).toBe(true);
  });

  it('is a problem where the update stands in another step, or there is none', () => {
    const later = SWAPPED.toSpliced(3, 0, 'WORKFLOW_TASK_SCHEDULED');
    expect(isSwappedUpdate(MESSAGE, history(...later))).toBe(false);
    expect(isSwappedUpdate(MESSAGE, history(...SWAPPED.filter((kind) => !kind.includes('UPDATE'))))).toBe(false);
  });

  it('is a problem where the SDK complains of anything else', () => {
    expect(
      isSwappedUpdate('Activity machine does not handle this event: HistoryEvent(id: 2, X)', history(...SWAPPED)),
    ).toBe(false);
  });
});
