/**
 * Every kind of failure a person can meet: its type name (public, never renamed), a headline and the remedy.
 * The one list behind activity errors, the Temporal UI, and the command line.
 */
export const FAILURES = {
  ServiceUnavailable: {
    headline: 'The vision service does not answer',
    remedy: 'Nothing to do at first: the loop tries again by itself. Check that the service runs and can be reached.',
  },
  ServiceUnauthorized: {
    headline: 'The vision service refuses the key',
    remedy: 'Put the right key into the worker’s environment and restart the worker, then answer `retry`.',
  },
  ServiceRejected: {
    headline: 'The vision service refused a request',
    remedy: 'Read the status and code in the message, mend what it names, then answer `retry`.',
  },
  ServiceContract: {
    headline: 'The vision service answered something that does not fit its contract',
    remedy: 'Check the address of the service in the worker’s settings, then answer `retry`.',
  },
  ServiceProfileUnknown: {
    headline: 'The worker knows no vision service of that name',
    remedy: 'Add the profile to the worker’s environment and restart the worker, then answer `retry`.',
  },
  NameTaken: {
    headline: 'A name of this loop is taken at the vision service by something else',
    remedy: 'Look at what is stored under that name, delete it if it is not needed, then answer `retry`.',
  },
  ModelGone: {
    headline: 'A model that the service had accepted is gone',
    remedy: 'Answer `retry` to train again from the same dataset, or `stop`.',
  },
  TrainingFailed: {
    headline: 'The training failed',
    remedy: 'Mend what the message names, then answer `retry` to train again under a new model name.',
  },
  EvaluationFailed: {
    headline: 'The evaluation failed',
    remedy: 'Mend what the message names, then answer `retry`.',
  },
  EvaluationSetChanged: {
    headline: 'The frozen evaluation set is not what it was',
    remedy: 'Put the changed or missing files of the evaluation folder back, then answer `retry`.',
  },
  DatasetChecksFailed: {
    headline: 'The dataset has errors',
    remedy: 'Mend what the findings name, then answer `retry`.',
  },
  NotEnoughImages: {
    headline: 'A class has fewer images than the service needs',
    remedy: 'Hand in more images of that class with `deltaloop submit`, then answer `retry`.',
  },
  SourceUnreadable: {
    headline: 'The place where images come from cannot be read',
    remedy: 'Make the folder or file readable for the worker, then answer `retry`.',
  },
  FolderConflict: {
    headline: 'A file of the loop’s folder does not hold what this step would write',
    remedy: 'Put the file back from a copy, or move it away, then answer `retry`.',
  },
  DiskFull: {
    headline: 'No space is left for the loop’s folder',
    remedy: 'Free some space on that disk, then answer `retry`.',
  },
  FolderMissing: {
    headline: 'The worker does not see the loop’s folder',
    remedy: 'Start client, worker and service with the same DELTALOOP_HOME, then answer `retry`.',
  },
  Unexpected: {
    headline: 'Something unexpected went wrong',
    remedy: 'Read the worker’s log for the whole error. Answer `retry` once the cause is mended, or `stop`.',
  },
} as const satisfies Record<string, { headline: string; remedy: string }>;

export type FailureType = keyof typeof FAILURES;

/** What a waiting loop waits for, as shown to people. */
export interface Attention {
  type: FailureType;
  headline: string;
  /** The cause in one or two sentences, without secrets. */
  message: string;
  remedy: string;
  /** The step that could not go on, e.g. `train`. */
  step: string;
  round: number;
  /** Whether `skip` is an answer: the round goes on without a metric. */
  canSkip?: boolean;
  /** ISO-8601 UTC. */
  since: string;
}
