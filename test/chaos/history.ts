import { z } from 'zod';

/** What happened in a loop's history, in order, without the bookkeeping between. */
export type Step =
  | { kind: 'scheduled'; id: string; name: string; input: unknown }
  | { kind: 'completed'; id: string; result: unknown }
  | { kind: 'update'; name: string; argument: unknown };

export interface HistoryFacts {
  events: number;
  /** Every payload, decoded from base64. */
  payloads: Buffer[];
  steps: Step[];
  /** Failures of the loop's own code, such as one that does not fit what was recorded. */
  taskFailures: string[];
}

const Payloads = z
  .looseObject({ payloads: z.array(z.looseObject({ data: z.string().nullish() })).nullish() })
  .nullish();
const Failure = z.looseObject({ message: z.string().nullish() }).nullish();

const EventSchema = z.looseObject({
  eventId: z.coerce.string(),
  activityTaskScheduledEventAttributes: z
    .looseObject({ activityType: z.looseObject({ name: z.string() }), input: Payloads })
    .nullish(),
  activityTaskCompletedEventAttributes: z
    .looseObject({ scheduledEventId: z.coerce.string(), result: Payloads })
    .nullish(),
  workflowExecutionUpdateAcceptedEventAttributes: z
    .looseObject({ acceptedRequest: z.looseObject({ input: z.looseObject({ name: z.string(), args: Payloads }) }) })
    .nullish(),
  workflowTaskFailedEventAttributes: z.looseObject({ cause: z.string().nullish(), failure: Failure }).nullish(),
});
type HistoryEvent = z.infer<typeof EventSchema>;

const HistorySchema = z.looseObject({ events: z.array(z.looseObject({})) });

/** Reads a history as Temporal's commands write it in JSON. @throws ZodError when it is none. */
export function readHistory(json: string): HistoryFacts {
  const { events } = HistorySchema.parse(JSON.parse(json));
  const parsed = events.map((event) => EventSchema.parse(event));
  return {
    events: events.length,
    payloads: payloadsIn(events),
    steps: parsed.flatMap(stepsOf),
    taskFailures: parsed.flatMap(taskFailureOf),
  };
}

function stepsOf(event: HistoryEvent): Step[] {
  const scheduled = event.activityTaskScheduledEventAttributes;
  if (scheduled)
    return [{ kind: 'scheduled', id: event.eventId, name: scheduled.activityType.name, input: first(scheduled.input) }];
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed) return [{ kind: 'completed', id: completed.scheduledEventId, result: first(completed.result) }];
  const accepted = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest.input;
  return accepted ? [{ kind: 'update', name: accepted.name, argument: first(accepted.args) }] : [];
}

/** Workers that die, and a server that was killed, also fail tasks: only what the code itself did is told. */
const OWN_FAULTS = /NON_DETERMINISTIC|UNHANDLED_FAILURE/;

function taskFailureOf({ workflowTaskFailedEventAttributes: failed }: HistoryEvent): string[] {
  const cause = failed?.cause ?? '';
  return OWN_FAULTS.test(cause) ? [`${cause}: ${failed?.failure?.message ?? ''}`] : [];
}

function first(payloads: z.infer<typeof Payloads>): unknown {
  const data = payloads?.payloads?.[0]?.data;
  return data ? JSON.parse(Buffer.from(data, 'base64').toString('utf8')) : undefined;
}

const PayloadSchema = z.looseObject({ metadata: z.looseObject({}), data: z.string() });

function payloadsIn(value: unknown): Buffer[] {
  if (typeof value !== 'object' || value === null) return [];
  const payload = PayloadSchema.safeParse(value).data;
  if (payload) return [Buffer.from(payload.data, 'base64')];
  return Object.values(value).flatMap(payloadsIn);
}
