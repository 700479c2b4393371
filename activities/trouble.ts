import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';

/** Tries in a row to which the vision service gave no answer, since an instant in epoch milliseconds. */
export interface Trouble {
  since: number;
  tries: number;
}

const TroubleSchema = z.object({ since: z.number(), tries: z.number() });

/** The trouble that the try before this one was in: Temporal hands its last heartbeat on. Null where there was none. */
export function troubleBefore(heartbeat: unknown): Trouble | null {
  return TroubleSchema.safeParse(heartbeat).data ?? null;
}

/** One try more without an answer; `now` in epoch milliseconds. */
export function deeper(trouble: Trouble | null, now: number): Trouble {
  return { since: trouble?.since ?? now, tries: (trouble?.tries ?? 0) + 1 };
}

/** Whether a failure says that the service gave no answer, and Temporal would try again. */
export function isOutage(failure: Error): failure is ApplicationFailure {
  return (
    failure instanceof ApplicationFailure && failure.type === 'ServiceUnavailable' && failure.nonRetryable !== true
  );
}

/** The same failure as news for the workflow, which tells people and begins the step anew. */
export function told({ message }: Error, trouble: Trouble): ApplicationFailure {
  return ApplicationFailure.create({ type: 'ServiceUnavailable', nonRetryable: true, message, details: [trouble] });
}
