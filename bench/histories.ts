import type { Client } from '@temporalio/client';
import proto, { type temporal } from '@temporalio/proto';
import type { StepSize } from './workflows.ts';

const { HistoryEvent } = proto.temporal.api.history.v1;
export type Event = temporal.api.history.v1.IHistoryEvent;

/** Every event of the latest run of a workflow, in order. */
export async function eventsOf(client: Client, workflowId: string): Promise<Event[]> {
  return (await client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
}

/** Size of events as they are stored, bytes. */
export function bytesOf(events: readonly Event[]): number {
  return events.reduce((sum, event) => sum + HistoryEvent.encode(event).finish().length, 0);
}

/** When the server recorded an event, milliseconds since the epoch with fractions. */
export function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6;
}

/** The activity that an event schedules; undefined for every other event. */
export function scheduled(event: Event): string | undefined {
  return event.activityTaskScheduledEventAttributes?.activityType?.name ?? undefined;
}

/** Events from each scheduling of an activity up to the next one: the rounds of a loop, for its first activity. The last, unfinished one is left out. */
export function roundsOf(events: readonly Event[], firstActivity: string): Event[][] {
  const starts = events.flatMap((event, i) => (scheduled(event) === firstActivity ? [i] : []));
  return starts.slice(0, -1).map((start, n) => events.slice(start, starts[n + 1]));
}

/** Milliseconds from the first event of each round to the first of the next. */
export function roundTimes(events: readonly Event[], isFirst: (event: Event) => boolean): number[] {
  const times = events.filter(isFirst).map(timeOf);
  return times.slice(1).map((time, n) => time - (times[n] ?? time));
}

interface Payloads {
  payloads?: { data?: Uint8Array | null }[] | null;
}

function sizeOf(payloads: Payloads | null | undefined): number {
  return (payloads?.payloads ?? []).reduce((sum, { data }) => sum + (data?.length ?? 0), 0);
}

/** Payload sizes of the activities that a round schedules, in order. */
export function stepSizes(round: readonly Event[]): StepSize[] {
  const results = new Map(
    round.flatMap(({ activityTaskCompletedEventAttributes: done }) =>
      done ? [[String(done.scheduledEventId), sizeOf(done.result)] as const] : [],
    ),
  );
  return round
    .filter((event) => scheduled(event) !== undefined)
    .map(({ eventId, activityTaskScheduledEventAttributes: step }) => ({
      input: sizeOf(step?.input),
      result: results.get(String(eventId)) ?? 0,
    }));
}

/** Milliseconds that each execution of an activity took, from its start to its end, in order. */
export function activityTimes(events: readonly Event[], activity: string): number[] {
  const asked = new Set(events.filter((event) => scheduled(event) === activity).map(({ eventId }) => String(eventId)));
  const started = new Map(
    events.flatMap((event) => {
      const { activityTaskStartedEventAttributes: start } = event;
      return start ? [[String(start.scheduledEventId), timeOf(event)] as const] : [];
    }),
  );
  return events.flatMap((event) => {
    const id = String(event.activityTaskCompletedEventAttributes?.scheduledEventId);
    return asked.has(id) ? [timeOf(event) - (started.get(id) ?? Number.NaN)] : [];
  });
}
